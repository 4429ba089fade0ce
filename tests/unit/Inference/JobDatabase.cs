using MedCloudCare.Jobs.Store;
using MedCloudCare.Sealing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Jobs.Tests;

/// <summary>A job store on a database and a keyring of its own.</summary>
internal sealed class JobDatabase : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly string _keys = Directory.CreateTempSubdirectory("mcc-jobs-keys-").FullName;

    private JobDatabase(NpgsqlDataSource source)
    {
        Source = source;
        Seal = new JobSeal(Keyring.LoadOrCreate(Path.Combine(_keys, "keyring.json")));
        Store = new JobStore(source, new Contexts(source), Seal);
    }

    public NpgsqlDataSource Source { get; }

    public JobSeal Seal { get; }

    public JobStore Store { get; }

    public static async Task<JobDatabase> CreateAsync(PostgresFixture postgres) => new(await postgres.CreateDatabaseAsync());

    public static NewJob NewJob(Guid? owner = null, string requestId = "") => new()
    {
        Id = Guid.NewGuid(),
        Owner = owner ?? Guid.NewGuid(),
        RequestId = requestId,
        RequestDigest = [1, 2, 3],
        Model = Guid.NewGuid(),
        Version = 3,
        ModelDisplayName = "Brain tissue",
        ReadsModel = true,
        Study = Guid.NewGuid(),
        StudyUid = LittleMesh.StudyUid,
        SeriesUid = LittleMesh.SeriesUid,
        SeriesNumber = 4,
        Delegation = "the-delegation-token",
    };

    public async Task<JobRecord> AddAsync(NewJob? job = null) => await Store.CreateAsync(job ?? NewJob(), 1000, default);

    public async Task<ClaimedJob> ClaimAsync(string instance = "a") =>
        await Store.ClaimAsync(instance, Lease, default) ?? throw new InvalidOperationException("There is no job to claim.");

    public async Task<JobRecord> ReadAsync(JobRecord job) => (await Store.FindAsync(job.Id, job.Owner, default))!;

    /// <summary>As if the holder had been silent for the length of its lease.</summary>
    public Task ExpireLeasesAsync() => PostgresFixture.ExecuteAsync(Source, "UPDATE inference.jobs SET lease_until = now() - interval '1 second' WHERE state = 2");

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        Seal.Dispose();
        Directory.Delete(_keys, recursive: true);
    }

    private sealed class Contexts(NpgsqlDataSource source) : IDbContextFactory<JobsContext>
    {
        private readonly DbContextOptions<JobsContext> _options =
            new DbContextOptionsBuilder<JobsContext>().UseNpgsql(source).UseSnakeCaseNamingConvention().Options;

        public JobsContext CreateDbContext() => new(_options);
    }
}
