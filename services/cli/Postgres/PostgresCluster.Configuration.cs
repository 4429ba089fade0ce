using System.Text;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Postgres;

internal sealed partial class PostgresCluster
{
    // What an error or a slow statement would print may hold values of rows: logs carry none of it.
    private string Settings => $"""
        # Written by mcc at every start; changes are overwritten.
        listen_addresses = ''
        port = 5432
        unix_socket_directories = '{SocketDirectory.Replace("'", "''", StringComparison.Ordinal)}'
        unix_socket_permissions = 0700
        max_connections = 200
        password_encryption = 'scram-sha-256'
        fsync = on
        synchronous_commit = on
        full_page_writes = on
        wal_level = replica
        wal_compression = on
        max_wal_size = '1GB'
        min_wal_size = '80MB'
        checkpoint_timeout = '15min'
        shared_buffers = '128MB'
        effective_cache_size = '1GB'
        work_mem = '8MB'
        maintenance_work_mem = '64MB'
        random_page_cost = 1.1
        jit = off
        idle_in_transaction_session_timeout = '5min'
        log_destination = 'stderr'
        logging_collector = off
        log_line_prefix = '%m [%p] %u '
        log_statement = 'none'
        log_min_error_statement = 'panic'
        log_error_verbosity = 'terse'
        log_parameter_max_length = 0
        log_parameter_max_length_on_error = 0
        log_timezone = 'UTC'
        timezone = 'UTC'

        """;

    private static string AccessRules()
    {
        StringBuilder rules = new("# Written by mcc at every start. Each role may open its own database and no other.\n");
        rules.Append("local all ").Append(AdministratorRole).Append(" scram-sha-256\n");

        // For base backups.
        rules.Append("local replication ").Append(AdministratorRole).Append(" scram-sha-256\n");
        foreach (string service in MeshServices.WithDatabase)
        {
            rules.Append("local ").Append(DatabaseName).Append(' ').Append(MeshServices.RoleOf(service)).Append(" scram-sha-256\n");
        }

        return rules.Append("local all all reject\n").ToString();
    }

    private void WriteConfiguration()
    {
        WriteOwned(Path.Combine(Directory, "postgresql.conf"), Settings);
        WriteOwned(Path.Combine(Directory, "pg_hba.conf"), AccessRules());
    }

    private void WriteOwned(string path, string content)
    {
        if (File.Exists(path) && File.ReadAllText(path) == content)
        {
            return;
        }

        SecretFile.Write(path, content);
        GiveAway(path);
    }
}
