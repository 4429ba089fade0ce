using Npgsql;
using NpgsqlTypes;

namespace MedCloudCare.Studies;

/// <summary>Short forms of the commands of this service, and the lock that several of them take.</summary>
internal static class StudySql
{
    public static NpgsqlCommand With(this NpgsqlCommand command, params ReadOnlySpan<object> values)
    {
        foreach (object value in values)
        {
            NpgsqlParameter parameter = new() { Value = value };
            if (value is byte[]?[])
            {
                parameter.NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea;
            }

            command.Parameters.Add(parameter);
        }

        return command;
    }

    public static async Task<List<T>> ListAsync<T>(this NpgsqlCommand query, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        List<T> rows = [];
        await using (query)
        {
            await using NpgsqlDataReader reader = await query.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }
        }

        return rows;
    }

    /// <summary>
    /// Takes the owner's counter without counting: no group of this owner is committed and no study of theirs deleted until
    /// the transaction ends.
    /// </summary>
    public static async Task LockOwnerAsync(this NpgsqlConnection connection, Guid owner, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new NpgsqlCommand("SELECT change FROM owners WHERE owner = $1 FOR UPDATE", connection).With(owner);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
