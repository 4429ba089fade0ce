using System.Diagnostics;
using Npgsql;

namespace MedCloudCare.Studies.Tests;

/// <summary>A private PostgreSQL cluster on a Unix socket, for all tests of this assembly.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"mcc-study-{Guid.NewGuid():N}"[..20]);
    private int _databases;

    private static string? Binaries => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Max()
        : null;

    public static bool IsAvailable => Binaries is not null;

    public async Task InitializeAsync()
    {
        if (!IsAvailable)
        {
            return;
        }

        Directory.CreateDirectory(_directory);
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", "postgres", _directory);
        }

        await ServerAsync("initdb", "-D", Path.Combine(_directory, "data"), "-U", "postgres", "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8");
        await ServerAsync("pg_ctl", "-D", Path.Combine(_directory, "data"), "-l", Path.Combine(_directory, "log"), "-w", "-o",
            $"-c listen_addresses='' -c unix_socket_directories={_directory} -c max_connections=200", "start");
    }

    public async Task DisposeAsync()
    {
        if (IsAvailable)
        {
            NpgsqlConnection.ClearAllPools();
            await ServerAsync("pg_ctl", "-D", Path.Combine(_directory, "data"), "-m", "immediate", "stop");
            Directory.Delete(_directory, recursive: true);
        }
    }

    /// <summary>A new database with the schema of the service and, in place of the sharing service, a table of grants.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"test{Interlocked.Increment(ref _databases)}";
        await using (NpgsqlDataSource server = NpgsqlDataSource.Create(ConnectionString("postgres")))
        {
            await using NpgsqlCommand create = server.CreateCommand($"CREATE DATABASE {name}");
            await create.ExecuteNonQueryAsync();
        }

        string text = ConnectionString(name) + ";Search Path=study";
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(text);
        await ExecuteAsync(database, """
            CREATE SCHEMA study; CREATE SCHEMA sharing;
            CREATE TABLE sharing.effective_access_v1 (grantee uuid, resource text, permission smallint);
            """);
        System.Reflection.Assembly service = typeof(StudyContext).Assembly;
        foreach (string script in service.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order())
        {
            using StreamReader reader = new(service.GetManifestResourceStream(script)!);
            await ExecuteAsync(database, await reader.ReadToEndAsync());
        }

        return text;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private string ConnectionString(string database) =>
        $"Host={_directory};Username=postgres;Database={database};Max Auto Prepare=50;Maximum Pool Size=40";

    /// <summary>PostgreSQL does not run as root.</summary>
    private Task ServerAsync(string program, params string[] arguments)
    {
        string path = Path.Combine(Binaries!, program);
        return Environment.UserName == "root"
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", path, .. arguments])
            : RunAsync(path, arguments);
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = _directory, RedirectStandardOutput = false };
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Path.GetFileName(program)} failed with {process.ExitCode}.");
        }
    }
}

/// <summary>Tests that need the database run one class after the other: the machine is small.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>
{
    public const string Name = "PostgreSQL";
}
