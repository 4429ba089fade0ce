using System.Buffers;
using MedCloudCare.Gateway.Dimse.UpperLayer;

namespace MedCloudCare.Gateway.Dimse.Messages;

/// <summary>A command and the presentation context it came in.</summary>
internal sealed record Request(CommandSet Command, AgreedContext Context);

/// <summary>
/// Puts fragments together (PS3.7 §9): a command set as a whole, then its data set in pieces, all of one presentation context
/// and not mixed with another message. Not thread-safe.
/// </summary>
internal sealed class MessageReader(PDataReader fragments, IReadOnlyList<AgreedContext> contexts)
{
    private FragmentHeader? _fragment;
    private byte _dataContext;
    private bool _inDataSet;

    /// <summary>Bytes of the data set that is being read, so far.</summary>
    public long DataSetBytes { get; private set; }

    /// <summary>The next command; null where the peer asks for the release. The data set before must have been read.</summary>
    public async ValueTask<Request?> ReadCommandAsync(CancellationToken idle, CancellationToken cancellation)
    {
        if (_inDataSet) throw new InvalidOperationException("The data set before has not been read.");
        if (await fragments.NextAsync(idle) is not { } first) return null;
        var context = contexts.FirstOrDefault(c => c.Id == first.ContextId && c.IsAccepted)
            ?? throw UpperLayerException.Invalid("a presentation context was not agreed upon");
        var bytes = new ArrayBufferWriter<byte>(512);
        for (FragmentHeader? fragment = first; ; fragment = await fragments.NextAsync(cancellation))
        {
            if (fragment is not { } part) return null;
            if (!part.IsCommand || part.ContextId != context.Id) throw UpperLayerException.Invalid("a command set was expected");
            while (await fragments.ReadAsync(cancellation) is { IsEmpty: false } piece)
            {
                if (bytes.WrittenCount + piece.Length > CommandSet.MaximumBytes) throw UpperLayerException.Invalid("a command set is over the limit");
                bytes.Write(piece.Span);
            }

            if (part.IsLast) break;
        }

        var command = CommandSet.Parse(bytes.WrittenSpan);
        (_inDataSet, _dataContext, _fragment, DataSetBytes) = (command.HasDataSet, context.Id, null, 0);
        return new Request(command, context);
    }

    /// <summary>The next piece of the data set; empty at its end. Valid until the next read.</summary>
    /// <exception cref="PeerGoneException">The peer asks for the release in the midst of it.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadDataAsync(CancellationToken cancellation)
    {
        while (_inDataSet)
        {
            if (_fragment is null)
            {
                _fragment = await fragments.NextAsync(cancellation) ?? throw new PeerGoneException("the peer released the association inside a data set");
                if (_fragment is { IsCommand: true } || _fragment.Value.ContextId != _dataContext) throw UpperLayerException.Invalid("a data set was expected");
            }

            var piece = await fragments.ReadAsync(cancellation);
            if (!piece.IsEmpty)
            {
                DataSetBytes += piece.Length;
                return piece;
            }

            _inDataSet = !_fragment.Value.IsLast;
            _fragment = null;
        }

        return default;
    }
}
