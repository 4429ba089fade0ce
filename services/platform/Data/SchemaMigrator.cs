using System.Reflection;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using MedCloudCare.Platform.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace MedCloudCare.Platform.Data;

/// <summary>The database was written by a newer release than this one.</summary>
public sealed class NewerSchemaException(string schema, IEnumerable<string> unknown)
    : StartRefusedException($"The data of {schema} were written by a newer release of MedCloudCare (unknown: {string.Join(", ", unknown)}). Start that release, or restore a backup made by this one.");

/// <summary>
/// Brings a service's schema up to date at start: its embedded <c>Migrations/*.sql</c>, in order, each in a transaction.
/// Replicas that start together wait for each other.
/// </summary>
internal sealed partial class SchemaMigrator(string schema, Assembly assembly, ILogger log)
{
    private const string JournalTable = "schema_versions";

    public async Task MigrateAsync(NpgsqlDataSource database, string connectionString, CancellationToken cancellation)
    {
        // The lock lives as long as the transaction: a lock of the session would outlive this connection's return to the pool.
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var turn = await connection.BeginTransactionAsync(cancellation);
        await using (var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtext($1))", connection, turn) { Parameters = { new() { Value = "migrate " + schema } } })
        {
            await wait.ExecuteNonQueryAsync(cancellation);
        }

        var builder = DeployChanges.To.PostgresqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssembly(assembly, name => name.Contains(".Migrations.", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .JournalToPostgresqlTable(schema, JournalTable)
            .LogTo(new Quiet());
        builder.Configure(c => c.ScriptExecutor = new OwnSchemaExecutor(c));
        var engine = builder.Build();
        var known = engine.GetDiscoveredScripts().Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = engine.GetExecutedScripts().Where(s => !known.Contains(s)).ToList();
        if (unknown.Count > 0)
        {
            throw new NewerSchemaException(schema, unknown);
        }

        var result = engine.PerformUpgrade();
        if (!result.Successful)
        {
            throw new InvalidOperationException($"The migration {result.ErrorScript?.Name} of {schema} failed.", result.Error);
        }

        foreach (SqlScript script in result.Scripts)
        {
            LogApplied(log, schema, script.Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Schema {Schema}: applied {Script}")]
    private static partial void LogApplied(ILogger log, string schema, string script);

    /// <summary>
    /// DbUp would create the schema, which a service's role may not do and need not: the schema is there and its own.
    /// </summary>
    private sealed class OwnSchemaExecutor(DbUp.Builder.UpgradeConfiguration c)
        : PostgresqlScriptExecutor(() => c.ConnectionManager, () => c.Log, null, () => c.VariablesEnabled, c.ScriptPreprocessors, () => c.Journal)
    {
        protected override string GetVerifySchemaSql(string schema) => "SELECT 1";
    }

    /// <summary>What happened is logged once, above.</summary>
    private sealed class Quiet : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) { }

        public void LogDebug(string format, params object[] args) { }

        public void LogInformation(string format, params object[] args) { }

        public void LogWarning(string format, params object[] args) { }

        public void LogError(string format, params object[] args) { }

        public void LogError(Exception ex, string format, params object[] args) { }
    }
}
