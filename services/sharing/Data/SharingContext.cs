using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Grants.Data;

/// <summary>The schema <c>sharing</c>.</summary>
public sealed class SharingContext(DbContextOptions<SharingContext> options) : DbContext(options)
{
    public DbSet<GrantRow> Grants => Set<GrantRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("sharing");
        modelBuilder.Entity<GrantRow>().HasKey(g => g.Id);
    }
}

/// <summary>A permission of one account on one resource.</summary>
public sealed class GrantRow
{
    public Guid Id { get; init; }

    /// <summary><c>studies/{uuid}</c> or <c>models/{uuid}</c></summary>
    public required string Resource { get; init; }

    public Guid Grantor { get; init; }

    public Guid Grantee { get; init; }

    /// <summary>Number of the proto's <c>Permission</c>.</summary>
    public short Permission { get; init; }

    public DateTimeOffset CreateTime { get; init; }
}
