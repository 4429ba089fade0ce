namespace MedCloudCare.Studies;

/// <summary>Starts reading before anything of an answer is sent.</summary>
internal static class BegunPieces
{
    /// <summary>
    /// Reads the first piece: bytes that fail authentication then refuse what was asked for, where otherwise its answer would
    /// break off after a header.
    /// </summary>
    public static async ValueTask<IAsyncEnumerable<ReadOnlyMemory<byte>>> BeginAsync(this IAsyncEnumerable<ReadOnlyMemory<byte>> pieces, CancellationToken cancellationToken)
    {
        IAsyncEnumerator<ReadOnlyMemory<byte>> reading = pieces.GetAsyncEnumerator(cancellationToken);
        try
        {
            return RestAsync(reading, await reading.MoveNextAsync());
        }
        catch
        {
            await reading.DisposeAsync();
            throw;
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> RestAsync(IAsyncEnumerator<ReadOnlyMemory<byte>> reading, bool any)
    {
        await using (reading)
        {
            for (bool more = any; more; more = await reading.MoveNextAsync())
            {
                yield return reading.Current;
            }
        }
    }
}
