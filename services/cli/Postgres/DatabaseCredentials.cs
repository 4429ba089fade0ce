using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using MedCloudCare.Cli.Launcher;
using Npgsql;

namespace MedCloudCare.Cli.Postgres;

/// <summary>The passwords of the database roles, made once per mesh and kept in <c>config/database.json</c> (0600).</summary>
internal sealed record DatabaseCredentials
{
    /// <summary>Passwords by role.</summary>
    public required Dictionary<string, string> Passwords { get; init; }

    /// <summary>What has been provisioned already; see <see cref="DatabaseProvisioning.Fingerprint"/>.</summary>
    public string? Provisioned { get; init; }

    /// <summary>Reads them, or makes new ones where there are none.</summary>
    public static DatabaseCredentials LoadOrCreate(DataDirectory data)
    {
        string path = PathIn(data);
        DatabaseCredentials credentials = File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), DatabaseCredentialsJson.Default.DatabaseCredentials)
                ?? throw CliException.Failed($"'{path}' is damaged.", "Restore it from the backup of the data directory.")
            : new DatabaseCredentials { Passwords = [] };
        string[] missing = [.. MeshServices.WithDatabase.Select(MeshServices.RoleOf).Append(PostgresCluster.AdministratorRole)
            .Where(r => !credentials.Passwords.ContainsKey(r))];
        foreach (string role in missing)
        {
            // 32 letters and digits: 190 bits, and nothing that a connection string or SQL would have to quote.
            credentials.Passwords[role] = RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 32);
        }

        if (missing.Length > 0)
        {
            credentials = credentials with { Provisioned = null };
            credentials.Save(data);
        }

        return credentials;
    }

    /// <summary>Writes them.</summary>
    public void Save(DataDirectory data) =>
        SecretFile.Write(PathIn(data), JsonSerializer.SerializeToUtf8Bytes(this, DatabaseCredentialsJson.Default.DatabaseCredentials));

    /// <summary>How a role connects.</summary>
    /// <param name="socketDirectory">Directory of the server's socket.</param>
    /// <param name="role">The role.</param>
    /// <param name="database">The database.</param>
    /// <param name="schema">The schema on its search path; null for none.</param>
    public string ConnectionString(string socketDirectory, string role, string database, string? schema)
    {
        NpgsqlConnectionStringBuilder builder = new()
        {
            Host = socketDirectory,
            Database = database,
            Username = role,
            Password = Passwords[role],
            MaxPoolSize = 25,
        };
        if (schema is not null)
        {
            builder.SearchPath = schema;
        }

        return builder.ConnectionString;
    }

    private static string PathIn(DataDirectory data) => Path.Combine(data.Config, "database.json");
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(DatabaseCredentials))]
internal sealed partial class DatabaseCredentialsJson : JsonSerializerContext;
