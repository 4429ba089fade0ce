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
        Store = new DirectoryObjectStore(options.Objects);
        Packs = new PackPool(Store, options, TimeProvider.System);
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

    public DirectoryObjectStore Store { get; }

    public PackPool Packs { get; }

    public StudyRegistry Registry { get; }

    public UploadServices Services { get; }

    public StudyIndex Index { get; }

    public StudyAccess Access { get; }

    public static async Task<Archive> CreateAsync(PostgresFixture postgres, Action<StudyOptions>? configure = null)
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
        return await OpenAsync(await postgres.CreateDatabaseAsync(), directory, options, isReplica: false);
    }

    /// <summary>Another process over the same data.</summary>
    public Task<Archive> ReplicaAsync() => OpenAsync(_connection, Directory, Options, isReplica: true);

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
        using StoredFile file = StoredFile.Open(Store, instance, key);
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
