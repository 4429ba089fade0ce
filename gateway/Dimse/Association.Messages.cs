using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Gateway.Dimse.Negotiation;
using MedCloudCare.Gateway.Dimse.Store;
using MedCloudCare.Gateway.Dimse.UpperLayer;

namespace MedCloudCare.Gateway.Dimse;

internal sealed partial class Association
{
    private long _stored;
    private long _refused;
    private long _warned;
    private long _bytes;

    /// <summary>Answers commands until the peer asks for the release.</summary>
    private async Task ServeMessagesAsync(MessageReader messages, IInstanceReceiver receiver)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, _services.Stopping);
        while (true)
        {
            _deadline.Set(_services.Limits.Idle);
            if (await messages.ReadCommandAsync(idle.Token, _deadline.Token) is not { } request) return;
            switch (request.Command.Field)
            {
                case CommandField.StoreRequest:
                    await StoreAsync(request, messages, receiver);
                    break;
                case CommandField.EchoRequest:
                    await SkipDataAsync(messages);
                    await AnswerAsync(request, "echo", DimseStatus.Success, 0);
                    break;
                case CommandField.CancelRequest:
                    break;
                case var _ when request.Command.IsResponse:
                    throw UpperLayerException.Invalid("a response came to nothing that was asked");
                default:
                    await SkipDataAsync(messages);
                    await AnswerAsync(request, "other", DimseStatus.UnrecognizedOperation, 0);
                    break;
            }
        }
    }

    private async Task StoreAsync(Request request, MessageReader messages, IInstanceReceiver receiver)
    {
        var command = request.Command;
        if (RefusalOf(request) is { } refusal)
        {
            await SkipDataAsync(messages);
            await AnswerStoreAsync(request, refusal, messages.DataSetBytes);
            return;
        }

        DimseStatus status;
        try
        {
            await receiver.BeginAsync(new InstanceHeading(command.SopClassUid, command.SopInstanceUid, request.Context.TransferSyntax), _services.Stop);
            await PassOnAsync(messages, receiver);

            // How long the commit may take is the receiver's affair.
            _deadline.Suspend();
            status = await receiver.EndAsync(_services.Stop);
        }
        catch
        {
            await receiver.AbandonAsync();
            throw;
        }

        await AnswerStoreAsync(request, status, messages.DataSetBytes);
    }

    private static DimseStatus? RefusalOf(Request request)
    {
        var command = request.Command;
        if (!command.HasDataSet || command.SopClassUid.Length == 0 || command.SopInstanceUid.Length == 0) return DimseStatus.MistypedArgument;
        return command.SopClassUid != request.Context.AbstractSyntax || request.Context.AbstractSyntax == StorageClasses.Verification
            ? DimseStatus.ClassNotSupported
            : null;
    }

    private async Task PassOnAsync(MessageReader messages, IInstanceReceiver receiver)
    {
        var waited = TimeSpan.Zero;
        while (true)
        {
            var (piece, time) = await ReadDataAsync(messages, waited);
            if (piece.IsEmpty) return;
            waited = time;
            _deadline.Suspend();
            await receiver.WriteAsync(piece, _services.Stop);
        }
    }

    private async Task SkipDataAsync(MessageReader messages)
    {
        var waited = TimeSpan.Zero;
        ReadOnlyMemory<byte> piece;
        do
        {
            (piece, waited) = await ReadDataAsync(messages, waited);
        }
        while (!piece.IsEmpty);
    }

    /// <summary>The next piece, and how long the data set has been waited for by now.</summary>
    private async ValueTask<(ReadOnlyMemory<byte> Piece, TimeSpan Waited)> ReadDataAsync(MessageReader messages, TimeSpan waited)
    {
        _deadline.Set(_services.Limits.Stall);
        var started = _services.Time.GetTimestamp();
        var piece = await messages.ReadDataAsync(_deadline.Token);
        waited += _services.Time.GetElapsedTime(started);

        // A peer that sends a byte now and then would hold its place for ever.
        return waited <= _services.Limits.SlowStart || messages.DataSetBytes >= waited.TotalSeconds * _services.Limits.MinimumBytesPerSecond
            ? (piece, waited)
            : throw new UpperLayerException(AbortReason.NotSpecified, "a data set comes too slowly");
    }

    private async Task AnswerStoreAsync(Request request, DimseStatus status, long bytes)
    {
        if (status.IsStored) _stored++;
        else _refused++;
        if (status.IsStored && status.Code != DimseStatus.Success.Code) _warned++;
        _bytes += bytes;
        await AnswerAsync(request, "store", status, bytes);
    }

    private async Task AnswerAsync(Request request, string operation, DimseStatus status, long bytes)
    {
        _services.Telemetry.Answered(operation, status, bytes);
        await SendAsync(PduWriter.Command(request.Context.Id, request.Command.ToResponse(status), _peerMaximum));
    }
}
