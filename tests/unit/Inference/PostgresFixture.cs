using System.Diagnostics;
using Npgsql;

namespace MedCloudCare.Jobs.Tests;

/// <summary>A private PostgreSQL cluster on a Unix socket, for all tests of this assembly.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"mcc-jobs-{Guid.NewGuid():N}"[..20]);
    private int _databases;

    private static string? Binaries => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Max()
        : null;

    public async Task InitializeAsync()
    {
        if (Binaries is null) return;
        Directory.CreateDirectory(_directory);
        if (Environment.UserName == "root") await RunAsync("chown", "postgres", _directory);
        await ServerAsync("initdb", "-D", Path.Combine(_directory, "data"), "-U", "postgres", "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8");
        await ServerAsync(
            "pg_ctl", "-D", Path.Combine(_directory, "data"), "-l", Path.Combine(_directory, "log"), "-w",
            "-o", $"-c listen_addresses='' -c unix_socket_directories={_directory} -c max_connections=100 -c fsync=off", "start");
    }

    public async Task DisposeAsync()
    {
        if (Binaries is null) return;
        NpgsqlConnection.ClearAllPools();
        await ServerAsync("pg_ctl", "-D", Path.Combine(_directory, "data"), "-m", "immediate", "stop");
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A new database with the service's schema.</summary>
    public async Task<NpgsqlDataSource> CreateDatabaseAsync()
    {
        Skip.If(Binaries is null, "PostgreSQL is not installed");
        var name = $"jobs{Interlocked.Increment(ref _databases)}";
        await using (var server = NpgsqlDataSource.Create(ConnectionString("postgres"))) await ExecuteAsync(server, $"CREATE DATABASE {name}");
        var database = NpgsqlDataSource.Create(ConnectionString(name));
        await ExecuteAsync(database, "CREATE SCHEMA inference");
        var service = typeof(InferenceOptions).Assembly;
        foreach (var script in service.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order())
        {
            using var reader = new StreamReader(service.GetManifestResourceStream(script)!);
            await ExecuteAsync(database, await reader.ReadToEndAsync());
        }

        return database;
    }

    public static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private string ConnectionString(string database) => $"Host={_directory};Username=postgres;Database={database};Maximum Pool Size=30";

    /// <summary>PostgreSQL does not run as root.</summary>
    private Task ServerAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(Binaries!, program);
        return Environment.UserName == "root"
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", path, .. arguments])
            : RunAsync(path, arguments);
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = _directory })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{Path.GetFileName(program)} failed with {process.ExitCode}.");
    }
}

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>
{
    public const string Name = "PostgreSQL";
}
