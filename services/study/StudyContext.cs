using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Studies;

/// <summary>
/// The part of the schema <c>study</c> that is worked on row by row. What is written in groups or read in bulk goes through
/// Npgsql directly.
/// </summary>
public sealed class StudyContext(DbContextOptions<StudyContext> options) : DbContext(options)
{
    public DbSet<UploadRow> Uploads => Set<UploadRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<UploadRow>().ToTable("uploads").HasKey(u => u.Id);
}

/// <summary>A resumable upload.</summary>
public sealed class UploadRow
{
    public Guid Id { get; init; }

    public Guid Account { get; init; }

    /// <summary>The study it is bound to, if any.</summary>
    public Guid? StudyId { get; init; }

    /// <summary>The Study Instance UID it is bound to, if any.</summary>
    public string? StudyInstanceUid { get; init; }

    public long CommittedInstances { get; init; }

    public long StoredInstances { get; init; }

    public long DuplicateInstances { get; init; }

    public long RefusedInstances { get; init; }

    public long StoredBytes { get; init; }

    public DateTime CreateTime { get; init; }

    public DateTime UpdateTime { get; init; }
}
