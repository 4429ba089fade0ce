using MedCloudCare.Gateway.Dimse.Messages;

namespace MedCloudCare.Gateway.Dimse.Store;

/// <summary>What a C-STORE-RQ says of the instance to come.</summary>
internal sealed record InstanceHeading(string SopClassUid, string SopInstanceUid, string TransferSyntaxUid);

/// <summary>
/// Takes the instances of one association, one after the other. Faults of an instance or of the services behind are in its
/// status; a receiver throws for its caller's cancellation only. Not thread-safe.
/// </summary>
internal interface IInstanceReceiver : IAsyncDisposable
{
    /// <summary>Begins an instance.</summary>
    ValueTask BeginAsync(InstanceHeading heading, CancellationToken cancellation);

    /// <summary>The next piece of its data set; not kept.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellation);

    /// <summary>The data set is complete.</summary>
    /// <returns>Success only where the instance is committed (or was there already).</returns>
    ValueTask<DimseStatus> EndAsync(CancellationToken cancellation);

    /// <summary>Gives up an instance that has begun.</summary>
    ValueTask AbandonAsync();
}
