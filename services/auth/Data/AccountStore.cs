using MedCloudCare.Auth.V1;
using MedCloudCare.Accounts.Passwords;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Errors;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Accounts.Data;

/// <summary>Creates and finds accounts.</summary>
public sealed class AccountStore(IDbContextFactory<AccountsContext> contexts, AccountSeal seal, PasswordHasher passwords, TimeProvider time)
{
    /// <exception cref="Grpc.Core.RpcException">ALREADY_EXISTS</exception>
    public async Task<AccountRow> CreateAsync(string email, string password, string displayName, Role role, Account.Types.State state, CancellationToken cancellation)
    {
        var id = Guid.CreateVersion7();
        var row = new AccountRow
        {
            Id = id,
            EmailKey = seal.EmailKey(email),
            Email = seal.Seal(email.Trim(), id, "email"),
            DisplayName = seal.Seal(displayName.Trim(), id, "display_name"),
            PasswordHash = await passwords.HashAsync(password, cancellation),
            Role = (short)role,
            State = (short)state,
            CreateTime = time.GetDatabaseNow(),
        };
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        context.Accounts.Add(row);
        try
        {
            await context.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw MeshErrors.AlreadyExists("accounts", "There is an account with this e-mail address. Sign in instead.");
        }

        return row;
    }

    public async Task<AccountRow?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellation);
    }

    public async Task<AccountRow?> FindByEmailAsync(string email, CancellationToken cancellation)
    {
        var key = seal.EmailKey(email);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.EmailKey == key, cancellation);
    }
}
