using MedCloudCare.Accounts.Data;
using MedCloudCare.Platform.Errors;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Accounts.Passwords;

/// <summary>
/// Slows down guessing: after <see cref="Free"/> failures in a row an address waits twice as long each time, up to
/// <see cref="MaximumWait"/>. Unknown addresses are treated alike.
/// </summary>
public sealed class SignInGuard(NpgsqlDataSource database, IDbContextFactory<AccountsContext> contexts, TimeProvider time)
{
    private const int Free = 5;
    private static readonly TimeSpan MaximumWait = TimeSpan.FromMinutes(15);

    /// <exception cref="Grpc.Core.RpcException">RATE_LIMITED while the address has to wait.</exception>
    public async Task CheckAsync(byte[] emailKey, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var row = await context.SignInFailures.AsNoTracking().SingleOrDefaultAsync(f => f.EmailKey == emailKey, cancellation);
        var wait = (row?.LockedUntil ?? default) - time.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            throw MeshErrors.RateLimited("Too many failed sign-ins. Wait before the next attempt.", wait);
        }
    }

    /// <summary>Counts a failure; attempts that run at the same time all count.</summary>
    public async Task FailedAsync(byte[] emailKey, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO auth.sign_in_failures AS f (email_key, failures, locked_until, last_time) VALUES ($1, 1, $2, $2)
            ON CONFLICT (email_key) DO UPDATE SET
                failures = CASE WHEN f.last_time < $2 - interval '1 day' THEN 1 ELSE f.failures + 1 END,
                last_time = $2,
                locked_until = $2 + CASE WHEN f.last_time < $2 - interval '1 day' OR f.failures + 1 < $3 THEN interval '0'
                    ELSE least($4, interval '1 second' * power(2, least(f.failures + 1 - $3, 20))) END
            """);
        command.Parameters.Add(new() { Value = emailKey });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        command.Parameters.Add(new() { Value = Free });
        command.Parameters.Add(new() { Value = MaximumWait });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>A success ends the row of failures.</summary>
    public async Task SucceededAsync(byte[] emailKey, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await context.SignInFailures.Where(f => f.EmailKey == emailKey).ExecuteDeleteAsync(cancellation);
    }
}
