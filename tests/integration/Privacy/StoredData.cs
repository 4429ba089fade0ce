using System.Text.Json;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Privacy;

/// <summary>Everything that a mesh has written.</summary>
internal static class StoredData
{
    /// <summary>Every file of the data directory and of the database cluster, wherever the launcher put it.</summary>
    public static IEnumerable<string> StoredFiles(this MeshFixture mesh)
    {
        using var state = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(mesh.Data, "run", "mesh.json")));
        var cluster = state.RootElement.GetProperty("Cluster").GetString()!;
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        return new[] { mesh.Data, cluster }.Distinct()
            .SelectMany(d => Directory.EnumerateFiles(d, "*", options))
            .Where(f => !File.GetAttributes(f).HasFlag(FileAttributes.Device))
            .Distinct();
    }

    /// <summary>A dump of every table of every service, as each service's own role sees it.</summary>
    public static async Task<byte[]> DumpDatabaseAsync(this MeshFixture mesh)
    {
        using var dump = new MemoryStream();
        foreach (var service in new[] { "auth", "study", "sharing", "model", "inference" })
        {
            using var config = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(mesh.Data, "config", service + ".json")));
            var connection = new Npgsql.NpgsqlConnectionStringBuilder(config.RootElement.GetProperty("Mesh").GetProperty("Database").GetString());
            var result = await Programs.RunAsync(
                "pg_dump",
                ["-h", connection.Host!, "-U", connection.Username!, "-n", service, connection.Database!],
                environment: new Dictionary<string, string> { ["PGPASSWORD"] = connection.Password! });
            result.EnsureSuccess();
            dump.Write(System.Text.Encoding.UTF8.GetBytes(result.Output));
        }

        return dump.ToArray();
    }
}
