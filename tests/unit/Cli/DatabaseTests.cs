using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Postgres;
using Npgsql;

namespace MedCloudCare.Cli.Tests;

/// <summary>A real private cluster, made and provisioned as <c>mcc up</c> does it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit disposes through IAsyncLifetime.")]
public sealed class DatabaseTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private DatabaseCredentials _credentials = null!;
    private PostgresCluster? _cluster;
    private DataDirectory _data = null!;
    private SupervisedProcess? _server;

    public async Task InitializeAsync()
    {
        if (!Directory.Exists("/usr/lib/postgresql"))
        {
            return;
        }

        // What is made with mkdtemp is closed to PostgreSQL's user when this runs as root.
        File.SetUnixFileMode(_directory.Path, SecretFile.PassableDirectory);
        _data = new DataDirectory(_directory["data"]);
        _data.Create();
        _credentials = DatabaseCredentials.LoadOrCreate(_data);
        _cluster = await PostgresCluster.LocateAsync(_data, default);
        await _cluster.InitializeAsync(_credentials.Passwords[PostgresCluster.AdministratorRole], default);
        _server = new SupervisedProcess(new ProcessPlan("postgres", _cluster.ServerCommand, new Dictionary<string, string> { ["PATH"] = ProcessEnvironment.Path },
            LogFiles.PathOf(_data, "postgres"), Posix.SigInt, TimeSpan.FromSeconds(30)), TimeProvider.System);
        _server.Start();
        for (int i = 0; !_cluster.IsReady; i++)
        {
            Assert.True(i < 3000, string.Join('\n', LogFiles.Tail(LogFiles.PathOf(_data, "postgres"), 10)));
            await Task.Delay(20);
        }

        await DatabaseProvisioning.ApplyAsync(_cluster, _credentials, default);
        await DatabaseProvisioning.ApplyAsync(_cluster, _credentials, default);
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync();
            _server.Dispose();
        }

        _directory.Dispose();
    }

    [SkippableFact]
    public async Task A_service_owns_its_schema_and_reaches_no_other()
    {
        Skip.If(_cluster is null, "PostgreSQL is not installed");
        await using NpgsqlConnection study = await OpenAsync("mcc_study", "medcloudcare", "study");
        await ExecuteAsync(study, "CREATE TABLE secrets (id int)");
        await using NpgsqlConnection auth = await OpenAsync("mcc_auth", "medcloudcare", "auth");
        Assert.Equal("42501", await RefusalAsync(auth, "SELECT * FROM study.secrets"));
        Assert.Equal("42501", await RefusalAsync(auth, "CREATE TABLE study.t (id int)"));
        Assert.Equal("42501", await RefusalAsync(auth, "CREATE TABLE public.t (id int)"));
        Assert.Equal("42501", await RefusalAsync(auth, "CREATE SCHEMA mine"));
        Assert.Equal("42501", await RefusalAsync(auth, "CREATE ROLE mine"));
        await ExecuteAsync(study, "GRANT USAGE ON SCHEMA study TO mcc_auth; GRANT SELECT ON secrets TO mcc_auth");
        await ExecuteAsync(auth, "SELECT * FROM study.secrets");
    }

    [SkippableFact]
    public async Task A_role_opens_no_other_database_and_none_without_its_password()
    {
        Skip.If(_cluster is null, "PostgreSQL is not installed");
        PostgresException other = await Assert.ThrowsAsync<PostgresException>(() => OpenAsync("mcc_auth", "postgres", null));
        Assert.Equal("28000", other.SqlState);
        DatabaseCredentials guessed = _credentials with { Passwords = new() { ["mcc_auth"] = "guess" } };
        await using NpgsqlConnection connection = new(guessed.ConnectionString(_cluster.SocketDirectory, "mcc_auth", "medcloudcare", "auth"));
        PostgresException wrong = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());
        Assert.Equal("28P01", wrong.SqlState);
    }

    [SkippableFact]
    public async Task It_listens_on_a_socket_only_and_writes_durably()
    {
        Skip.If(_cluster is null, "PostgreSQL is not installed");
        await using NpgsqlConnection study = await OpenAsync("mcc_study", "medcloudcare", "study");
        foreach ((string setting, string expected) in new[] { ("listen_addresses", ""), ("fsync", "on"), ("synchronous_commit", "on"), ("log_statement", "none") })
        {
            await using NpgsqlCommand show = new($"SHOW {setting}", study);
            Assert.Equal(expected, await show.ExecuteScalarAsync());
        }
    }

    [SkippableFact]
    public void A_service_is_told_its_own_password_only_in_a_file_for_its_owner()
    {
        Skip.If(_cluster is null, "PostgreSQL is not installed");
        MeshAddresses addresses = new("http://127.0.0.1:1", "https://127.0.0.1:2", MeshServices.All.ToDictionary(s => s, s => $"https://127.0.0.1:{s.Length + 20_000}"));
        ServiceConfiguration configuration = new(_data, new RepositoryLayout("/repo", "/repo/bin"), addresses, _cluster, _credentials, new MeshOptions(1, 2, 3, ""));
        configuration.WriteAll();
        foreach (string service in MeshServices.All)
        {
            string path = configuration.PathOf(service), text = File.ReadAllText(path);
            Assert.Equal(SecretFile.OwnerOnly, File.GetUnixFileMode(path));
            IEnumerable<string> told = _credentials.Passwords.Where(p => text.Contains(p.Value, StringComparison.Ordinal)).Select(p => p.Key);
            Assert.Equal(MeshServices.WithDatabase.Contains(service) ? [MeshServices.RoleOf(service)] : [], told);
            using JsonDocument json = JsonDocument.Parse(text);
            Assert.Equal(service, json.RootElement.GetProperty("Mesh").GetProperty("Service").GetString());
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(string role, string database, string? schema)
    {
        NpgsqlConnection connection = new(_credentials.ConnectionString(_cluster!.SocketDirectory, role, database, schema) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> RefusalAsync(NpgsqlConnection connection, string sql) =>
        (await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(connection, sql))).SqlState;
}
