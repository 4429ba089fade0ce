using MedCloudCare.Accounts.DicomPeers;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Accounts.Data;

/// <summary>The schema <c>auth</c>.</summary>
public sealed class AccountsContext(DbContextOptions<AccountsContext> options) : DbContext(options)
{
    public DbSet<AccountRow> Accounts => Set<AccountRow>();

    public DbSet<SignInFailureRow> SignInFailures => Set<SignInFailureRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<RefreshTokenRow> RefreshTokens => Set<RefreshTokenRow>();

    public DbSet<SigningKeyRow> SigningKeys => Set<SigningKeyRow>();

    public DbSet<DicomPeerRow> DicomPeers => Set<DicomPeerRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("auth");
        modelBuilder.Entity<AccountRow>().HasKey(r => r.Id);
        modelBuilder.Entity<SignInFailureRow>().HasKey(r => r.EmailKey);
        modelBuilder.Entity<SessionRow>().HasKey(r => r.Id);
        modelBuilder.Entity<RefreshTokenRow>().HasKey(r => r.TokenHash);
        modelBuilder.Entity<RefreshTokenRow>().HasOne<SessionRow>().WithMany().HasForeignKey(r => r.SessionId);
        modelBuilder.Entity<SigningKeyRow>().HasKey(r => r.Id);
        modelBuilder.Entity<DicomPeerRow>().HasKey(r => r.Id);
    }
}

/// <summary>An account; <see cref="Email"/> and <see cref="DisplayName"/> are sealed.</summary>
public sealed class AccountRow
{
    public Guid Id { get; init; }

    public required byte[] EmailKey { get; init; }

    public required byte[] Email { get; init; }

    public required byte[] DisplayName { get; init; }

    public required string PasswordHash { get; init; }

    /// <summary>Number of the proto's <c>Role</c>.</summary>
    public short Role { get; init; }

    /// <summary>Number of the proto's <c>Account.State</c>.</summary>
    public short State { get; set; }

    public DateTimeOffset CreateTime { get; init; }
}

/// <summary>Failed sign-ins of an address.</summary>
public sealed class SignInFailureRow
{
    public required byte[] EmailKey { get; init; }

    public int Failures { get; set; }

    public DateTimeOffset LockedUntil { get; set; }

    public DateTimeOffset LastTime { get; set; }
}

/// <summary>A family of refresh tokens.</summary>
public sealed class SessionRow
{
    public Guid Id { get; init; }

    public Guid AccountId { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset? EndTime { get; set; }
}

/// <summary>A refresh token, known by its SHA-256 only.</summary>
public sealed class RefreshTokenRow
{
    public required byte[] TokenHash { get; init; }

    public Guid SessionId { get; init; }

    public DateTimeOffset ExpireTime { get; init; }

    public DateTimeOffset? SpentTime { get; set; }
}

/// <summary>A P-256 key; <see cref="PrivateKey"/> is its sealed PKCS #8 form.</summary>
public sealed class SigningKeyRow
{
    public Guid Id { get; init; }

    public required byte[] PrivateKey { get; init; }

    public DateTimeOffset CreateTime { get; init; }
}
