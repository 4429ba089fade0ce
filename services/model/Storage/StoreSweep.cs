using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Models.Storage;

/// <summary>Removes packages that a crash left in the store between their being kept and their being recorded.</summary>
internal sealed partial class StoreSweep(PackageStore store, IDbContextFactory<ModelContext> contexts, TimeProvider time, ILogger<StoreSweep> logger) : BackgroundService
{
    // Longer than recording takes, so that a package of another process is left alone.
    private static readonly TimeSpan s_age = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            Guid[] kept = [.. store.KeptBefore((time.GetUtcNow() - s_age).UtcDateTime)];
            await using ModelContext db = await contexts.CreateDbContextAsync(stoppingToken);
            HashSet<Guid> recorded = [.. await db.Versions.Select(v => v.Id).ToListAsync(stoppingToken)];
            foreach (Guid left in kept.Where(id => !recorded.Contains(id)))
            {
                store.Drop(left);
                LogDropped(left);
            }
        }
        catch (Exception error) when (error is Npgsql.NpgsqlException or IOException)
        {
            LogFailed(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The package {Version} was never recorded and is removed")]
    private partial void LogDropped(Guid version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store of packages could not be swept")]
    private partial void LogFailed(Exception error);
}
