using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Accounts.Data;

/// <summary>
/// Forgets what has ended: refresh tokens past their time, sessions without one, failed sign-ins of days ago. Spent tokens stay
/// until then, since their second use is what gives a theft away.
/// </summary>
public sealed partial class Housekeeping(
    IDbContextFactory<AccountsContext> contexts, TimeProvider time, ILogger<Housekeeping> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    // The guard starts anew after a day.
    private static readonly TimeSpan FailuresLast = TimeSpan.FromDays(2);

    /// <summary>Forgets.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var failuresBefore = now - FailuresLast;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.RefreshTokens.Where(t => t.ExpireTime < now).ExecuteDeleteAsync(cancellation)
            + await context.Sessions.Where(s => !context.RefreshTokens.Any(t => t.SessionId == s.Id)).ExecuteDeleteAsync(cancellation)
            + await context.SignInFailures.Where(f => f.LastTime < failuresBefore && f.LockedUntil < now).ExecuteDeleteAsync(cancellation);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        do
        {
            try
            {
                int rows = await SweepAsync(stoppingToken);
                LogSwept(log, rows);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException { InnerException: NpgsqlException })
            {
                LogFailed(log, e.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Forgot {Rows} tokens, sessions and failures")]
    private static partial void LogSwept(ILogger log, int rows);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clearing up failed ({Kind}); it is tried again later")]
    private static partial void LogFailed(ILogger log, string kind);
}
