using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Models.Storage;

/// <summary>The schema <c>model</c>, and what the sharing service publishes about grants.</summary>
public sealed class ModelContext(DbContextOptions<ModelContext> options) : DbContext(options)
{
    public DbSet<ModelRow> Models => Set<ModelRow>();

    public DbSet<VersionRow> Versions => Set<VersionRow>();

    public DbSet<FileRow> Files => Set<FileRow>();

    public DbSet<GrantRow> Grants => Set<GrantRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ModelRow>().ToTable("models").HasKey(m => m.Id);
        modelBuilder.Entity<VersionRow>().ToTable("versions").HasKey(v => v.Id);
        modelBuilder.Entity<FileRow>().ToTable("files").HasKey(f => new { f.VersionId, f.Position });
        modelBuilder.Entity<VersionRow>().HasOne<ModelRow>().WithMany().HasForeignKey(v => v.ModelId);
        modelBuilder.Entity<FileRow>().HasOne<VersionRow>().WithMany().HasForeignKey(f => f.VersionId);
        modelBuilder.Entity<GrantRow>().HasNoKey().ToView("effective_access_v1", "sharing");
    }
}

/// <summary>A model. Name, task, modality and body part are those of the active version.</summary>
public sealed class ModelRow
{
    public Guid Id { get; init; }

    public Guid Owner { get; init; }

    public string DisplayName { get; set; } = "";

    /// <summary><see cref="KeyOf"/> of the name: unique among an owner's models, and the order of lists.</summary>
    public string NameKey { get; set; } = "";

    /// <summary><see cref="Model.V1.InferType"/></summary>
    public short Task { get; set; }

    public string Modality { get; set; } = "";

    public string BodyPart { get; set; } = "";

    /// <summary><see cref="Model.V1.Visibility"/></summary>
    public short Visibility { get; set; }

    public int ActiveNumber { get; set; }

    public DateTime CreateTime { get; init; }

    public DateTime UpdateTime { get; set; }

    /// <summary>What makes two names the same.</summary>
    public static string KeyOf(string displayName) => displayName.ToLowerInvariant();
}

/// <summary>A version. Never changed.</summary>
public sealed class VersionRow
{
    public Guid Id { get; init; }

    public Guid ModelId { get; init; }

    public int Number { get; set; }

    public Guid Author { get; init; }

    /// <summary>A serialized <see cref="Model.V1.ModelForm"/>.</summary>
    public byte[] Form { get; init; } = [];

    public string Digest { get; init; } = "";

    public long Size { get; init; }

    public byte[] WrappedKey { get; init; } = [];

    public DateTime CreateTime { get; init; }
}

/// <summary>A file of a version.</summary>
public sealed class FileRow
{
    public Guid VersionId { get; init; }

    public int Position { get; init; }

    public string Path { get; init; } = "";

    public long Size { get; init; }

    public byte[] Sha256 { get; init; } = [];
}

/// <summary>A grant in force: the sharing service's contract <c>effective_access_v1</c>.</summary>
public sealed class GrantRow
{
    public Guid Grantee { get; init; }

    /// <summary><c>models/{uuid}</c></summary>
    public string Resource { get; init; } = "";

    /// <summary>1 view, 2 annotate, 3 edit.</summary>
    public short Permission { get; init; }
}
