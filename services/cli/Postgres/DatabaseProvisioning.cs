using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using MedCloudCare.Cli.Launcher;
using Npgsql;

namespace MedCloudCare.Cli.Postgres;

/// <summary>
/// Makes the database and, for each service, a role and a schema that the role owns. No role can read another's schema
/// unless its owner grants it (the one such grant is sharing's view), make objects elsewhere, or open another database.
/// </summary>
internal static class DatabaseProvisioning
{
    /// <summary>Changes when the statements or the passwords change.</summary>
    public static string Fingerprint(DatabaseCredentials credentials) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Join('\n', Statements(credentials).Prepend(DatabaseStatement)))))[..32];

    private const string DatabaseStatement = $"CREATE DATABASE {PostgresCluster.DatabaseName}";

    /// <summary>Does what is missing; changes nothing the second time.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "Names are constants of this program, passwords are letters and digits.")]
    public static async Task ApplyAsync(PostgresCluster cluster, DatabaseCredentials credentials, CancellationToken cancellationToken)
    {
        string Connection(string database) => new NpgsqlConnectionStringBuilder(
            credentials.ConnectionString(cluster.SocketDirectory, PostgresCluster.AdministratorRole, database, null)) { Pooling = false }.ConnectionString;

        await using (NpgsqlConnection maintenance = new(Connection("postgres")))
        {
            await maintenance.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using NpgsqlCommand exists = new("SELECT count(*) FROM pg_database WHERE datname = $1", maintenance);
            exists.Parameters.AddWithValue(PostgresCluster.DatabaseName);
            if ((long)(await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))! == 0)
            {
                await using NpgsqlCommand create = new(DatabaseStatement, maintenance);
                await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        await using NpgsqlConnection connection = new(Connection(PostgresCluster.DatabaseName));
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        foreach (string statement in Statements(credentials))
        {
            await using NpgsqlCommand command = new(statement, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static IEnumerable<string> Statements(DatabaseCredentials credentials)
    {
        const string database = PostgresCluster.DatabaseName;
        yield return $"REVOKE ALL ON DATABASE {database} FROM PUBLIC";
        yield return "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC";
        yield return "REVOKE ALL ON SCHEMA public FROM PUBLIC";
        foreach (string service in MeshServices.WithDatabase)
        {
            string role = MeshServices.RoleOf(service);
            const string limits = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT";
            yield return $"""
                DO $$ BEGIN
                  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF;
                END $$
                """;
            yield return $"ALTER ROLE {role} {limits} PASSWORD '{credentials.Passwords[role]}'";
            yield return $"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}";
            yield return $"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role}";
            yield return $"ALTER ROLE {role} IN DATABASE {database} SET search_path = {service}";
        }
    }
}
