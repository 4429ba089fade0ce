using MedCloudCare.Platform.Access;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace MedCloudCare.Studies.Tests;

/// <summary>The archive's parts over a database and directories of their own, without the network in front.</summary>
internal sealed class Archive : IAsyncDisposable
{
    private readonly string _connection;
    private readonly bool _isReplica;

    private Archive(string connection, string directory, StudyOptions options, DirectoryDataKeyStore keys, bool isReplica)
    {
        _connection = connection;
        _isReplica = isReplica;
        Directory = directory;
        Options = options;
        Keys = keys;
        Database = NpgsqlDataSource.Create(connection);
        Objects = ObjectStores.Open(options);
        Packs = new PackPool(Objects, options, TimeProvider.System);
        Registry = new StudyRegistry(Database, keys);
        BlindIndex patients = new(Keyring.LoadOrCreate(options.Keyring).DeriveKey("test"));
        Services = new UploadServices(options, Database, Registry, Packs, new GroupCommitter(Database, patients));
        Index = new StudyIndex(Database, keys, options, TimeProvider.System, NullLogger<StudyIndex>.Instance);
        Access = new StudyAccess(Database);
    }

    public string Directory { get; }

    public StudyOptions Options { get; }

    public DirectoryDataKeyStore Keys { get; }

    public NpgsqlDataSource Database { get; }

    public IObjectStore Objects { get; }

    /// <summary>The store, where it is a directory.</summary>
    public DirectoryObjectStore Store => (DirectoryObjectStore)Objects;

    public PackPool Packs { get; }

    public StudyRegistry Registry { get; }

    public UploadServices Services { get; }

    public StudyIndex Index { get; }

    public StudyAccess Access { get; }

    public static async Task<Archive> CreateAsync(
        PostgresFixture postgres, Action<StudyOptions>? configure = null, Func<StudyOptions, Task>? prepare = null)
    {
        Skip.IfNot(PostgresFixture.IsAvailable, "PostgreSQL is not installed.");
        string directory = System.IO.Directory.CreateTempSubdirectory("mcc-archive-").FullName;
        StudyOptions options = new()
        {
            Objects = Path.Combine(directory, "objects"),
            Keyring = Path.Combine(directory, "keyring.json"),
            KeyStore = Path.Combine(directory, "keys"),
        };
        configure?.Invoke(options);
        await (prepare?.Invoke(options) ?? Task.CompletedTask);
        return await OpenAsync(await postgres.CreateDatabaseAsync(), directory, options, isReplica: false);
    }

    /// <summary>Another process over the same data.</summary>
    public Task<Archive> ReplicaAsync() => OpenAsync(_connection, Directory, Options, isReplica: true);

    public RemovalHolds Holds => new(Database);

    public ArchiveVerifier Verifier => new(Database, Objects, Keys);

    public ArchiveRebuilder Rebuilder =>
        new(Database, Objects, Keys, new BlindIndex(Keyring.LoadOrCreate(Options.Keyring).DeriveKey("test")));

    /// <summary>A round of maintenance, now.</summary>
    public async Task<MaintenanceResult> CompactAsync(TimeSpan grace, TimeSpan? orphanGrace = null)
    {
        using ArchiveMaintenance maintenance = new(
            Database, new BatchMerger(Database, Keys, Options, NullLogger<BatchMerger>.Instance),
            new PackMerger(Database, Objects, Keys, Options, new PackRewriter(Database, Objects, Options), NullLogger<PackMerger>.Instance),
            new StoreSweeper(Database, Objects, Holds), Options, TimeProvider.System, NullLogger<ArchiveMaintenance>.Instance);
        return await maintenance.RunAsync(TimeSpan.Zero, grace, orphanGrace, CancellationToken.None) ?? throw new InvalidOperationException("Maintenance runs.");
    }

    /// <summary>What a verification finds, and its counts.</summary>
    public async Task<(List<VerifyArchiveResponse.Types.Finding> Findings, VerifyCount Count)> VerifyAsync(bool quick = false)
    {
        List<VerifyArchiveResponse.Types.Finding> findings = [];
        VerifyCount count = new();
        await Verifier.RunAsync(quick, count, f =>
        {
            findings.Add(f);
            return Task.CompletedTask;
        }, () => Task.CompletedTask, CancellationToken.None);
        return (findings, count);
    }

    /// <summary>Rebuilds, and says what could not be taken in.</summary>
    public async Task<(RebuildCount Count, List<string> Problems)> RebuildAsync()
    {
        RebuildCount count = new();
        List<string> problems = [];
        await Rebuilder.RunAsync(count, (_, detail) =>
        {
            problems.Add(detail);
            return Task.CompletedTask;
        }, () => Task.CompletedTask, CancellationToken.None);
        return (count, problems);
    }

    public static Caller CallerOf(Guid account) => new() { AccountId = account };

    /// <summary>A new upload, optionally bound to a study.</summary>
    public async Task<Guid> CreateUploadAsync(Guid account)
    {
        Guid id = Guid.CreateVersion7();
        await ExecuteAsync($"INSERT INTO uploads (id, account) VALUES ('{id}', '{account}')");
        return id;
    }

    public UploadSession Session(Guid upload, Guid account, long first = 0, string? bound = null) =>
        new(Services, new UploadTarget(upload, account, account, bound, first), CancellationToken.None);

    /// <summary>Stores files in one call.</summary>
    public async Task<IReadOnlyList<InstanceResult>> UploadAsync(Guid account, IEnumerable<byte[]> files, int chunk = 64 << 10)
    {
        await using UploadSession session = Session(await CreateUploadAsync(account), account);
        foreach (byte[] file in files)
        {
            await SendAsync(session, file, chunk);
        }

        await session.CommitAsync();
        return session.Results;
    }

    public static async Task SendAsync(UploadSession session, byte[] file, int chunk = 64 << 10, long? declared = null)
    {
        session.Begin(declared ?? file.Length);
        for (int at = 0; at < file.Length; at += chunk)
        {
            await session.WriteAsync(file.AsMemory(at, Math.Min(chunk, file.Length - at)));
        }

        await session.EndAsync();
    }

    /// <summary>A stored file as it is given out.</summary>
    public async Task<byte[]> RetrieveAsync(Guid account, string sopInstanceUid)
    {
        StoredInstance instance = await StoredInstance.RequireAsync(Database, CallerOf(account), "", "", sopInstanceUid, CancellationToken.None);
        using DataKey key = await Keys.GetAsync(instance.StudyId);
        using StoredFile file = StoredFile.Open(Objects, instance, key);
        using MemoryStream bytes = new();
        await foreach (ReadOnlyMemory<byte> piece in file.ReadAsync(0, file.Length, CancellationToken.None))
        {
            bytes.Write(piece.Span);
        }

        return bytes.ToArray();
    }

    /// <summary>What a search answers, parsed.</summary>
    public async Task<List<Dicom.DicomDataset>> SearchAsync(Guid account, SearchRequest request)
    {
        List<Dicom.DicomDataset> found = [];
        await foreach (byte[] match in new Searcher(Database, Keys, Index, SearchPlan.Of(request)).RunAsync(account, CancellationToken.None))
        {
            found.Add(Dicom.DicomDataset.FromJson(match));
        }

        return found;
    }

    public async Task<string> TextAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string ?? "";
    }

    public async Task<long> CountAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public Task GrantAsync(Guid grantee, Guid study, int permission) =>
        ExecuteAsync($"INSERT INTO sharing.effective_access_v1 VALUES ('{grantee}', 'studies/{study}', {permission})");

    public async Task<Guid> StudyIdAsync(Guid owner)
    {
        await using NpgsqlCommand command = Database.CreateCommand($"SELECT id FROM studies WHERE owner = '{owner}'");
        return (Guid)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        Packs.Dispose();
        Registry.Dispose();
        await Database.DisposeAsync();
        Keys.Dispose();
        if (!_isReplica)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private static async Task<Archive> OpenAsync(string connection, string directory, StudyOptions options, bool isReplica)
    {
        Keyring keyring = Keyring.LoadOrCreate(options.Keyring);
        return new Archive(connection, directory, options, await DirectoryDataKeyStore.OpenAsync(options.KeyStore, keyring), isReplica);
    }
}
