using System.Net;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Dimse.Hosting;
using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Gateway.Dimse.Negotiation;
using MedCloudCare.Gateway.Dimse.Store;
using MedCloudCare.Gateway.Dimse.UpperLayer;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.Dimse;

/// <summary>What associations share.</summary>
/// <param name="AdmitAsync">Asks whether a visitor may store, and prepares to receive from it.</param>
/// <param name="Stopping">No further messages are waited for.</param>
/// <param name="Stop">Everything ends now.</param>
internal sealed record AssociationServices(
    DoorLimits Limits, DoorGuard Guard, DoorTelemetry Telemetry, TimeProvider Time, ILogger Log,
    Func<DoorVisitor, CancellationToken, ValueTask<IInstanceReceiver>> AdmitAsync, CancellationToken Stopping, CancellationToken Stop);

/// <summary>
/// One connection from its association request to its end: the acceptor's side of PS3.8 §9.2, and C-ECHO and C-STORE of PS3.7.
/// Operations are synchronous: the next command is read when the one before is answered.
/// </summary>
internal sealed partial class Association : IDisposable
{
    // What a peer still sends after an abort is read, so that it sees the abort instead of a reset connection.
    private const long MaxDrained = 4 * 1024 * 1024;

    private readonly AssociationServices _services;
    private readonly Stream _stream;
    private readonly IPAddress _address;
    private readonly string _certificate;
    private readonly Deadline _deadline;
    private readonly PduReader _pdus;
    private uint _peerMaximum;
    private bool _isEstablished;

    /// <param name="services">What associations share.</param>
    /// <param name="stream">The connection, with TLS if any.</param>
    /// <param name="address">The peer's.</param>
    /// <param name="certificate">SHA-256 of its client certificate; empty without one.</param>
    /// <param name="deadline">Set for the handshake already.</param>
    /// <param name="beforeRead">Called before each read of the connection.</param>
    public Association(AssociationServices services, Stream stream, IPAddress address, string certificate, Deadline deadline, Action? beforeRead = null)
    {
        (_services, _stream, _address, _certificate, _deadline) = (services, stream, address, certificate, deadline);
        _pdus = new PduReader(stream, beforeRead);
    }

    /// <summary>Serves it to its end. Throws for nothing that a peer or a network does.</summary>
    public async Task RunAsync()
    {
        string how;
        try
        {
            how = await ServeAsync();
        }
        catch (UpperLayerException e)
        {
            if (!_services.Guard.IsTiresome(_address)) LogBroken(_services.Log, _address, e.Message);
            if (!_isEstablished) _services.Guard.Rejected(_address);
            how = await AbortAsync(e.Reason, "broken");
        }
        catch (OperationCanceledException)
        {
            how = await AbortAsync(AbortReason.NotSpecified, _deadline.HasPassed ? "timeout" : "stopped");
        }
        catch (Exception e) when (e is PeerGoneException or IOException or ObjectDisposedException)
        {
            how = "lost";
        }

        _services.Telemetry.Ended(how);
    }

    public void Dispose() => _pdus.Dispose();

    private async Task<string> ServeAsync()
    {
        var header = await _pdus.ReadHeaderAsync(_deadline.Token);
        if (header is null) return "unused";
        if (header.Value.Type != PduType.AssociateRequest) throw new UpperLayerException(AbortReason.UnexpectedPdu, "the first PDU is no A-ASSOCIATE-RQ");
        var request = AssociateRequestParser.Parse(await _pdus.ReadBodyAsync(header.Value.Length, AssociateRequestParser.MaximumBytes, _deadline.Token));
        if (_services.Guard.IsTiresome(_address)) return await RejectAsync(Rejection.LocalLimitExceeded, "rejected-limit");
        if (RefusalOf(request) is { } refusal) return await RejectAsync(refusal, "rejected");

        IInstanceReceiver receiver;
        try
        {
            var visitor = new DoorVisitor(request.CallingTitle, request.CalledTitle, _address, _certificate);
            receiver = await _services.AdmitAsync(visitor, _deadline.Token);
        }
        catch (RpcException e) when (!_deadline.Token.IsCancellationRequested)
        {
            var rejection = RejectionOf(e);
            if (rejection != Rejection.TemporaryCongestion) _services.Guard.Rejected(_address);
            return await RejectAsync(rejection, rejection == Rejection.TemporaryCongestion ? "rejected-unavailable" : "rejected-peer");
        }

        await using (receiver)
        {
            using var seat = _services.Guard.TryEnter(request.CallingTitle);
            return seat is null ? await RejectAsync(Rejection.LocalLimitExceeded, "rejected-limit") : await EstablishAsync(request, receiver);
        }
    }

    private async Task<string> EstablishAsync(AssociateRequest request, IInstanceReceiver receiver)
    {
        var contexts = Negotiator.Agree(request.Contexts);
        _peerMaximum = request.MaximumLength;
        await SendAsync(PduWriter.Accept(request, contexts, (uint)_services.Limits.PduBytes));
        LogOpened(_services.Log, request.CallingTitle, request.CalledTitle, _address, request.Implementation);
        _services.Telemetry.Opened();
        _isEstablished = true;
        try
        {
            await ServeMessagesAsync(new MessageReader(new PDataReader(_pdus, _services.Limits.PduBytes), contexts), receiver);
        }
        finally
        {
            _services.Telemetry.Closed();
            LogClosed(_services.Log, request.CallingTitle, _stored, _warned, _refused, _bytes);
        }

        await SendAsync(PduWriter.ReleaseReply());
        await CloseAsync();
        return "released";
    }

    private static Rejection? RefusalOf(AssociateRequest request)
    {
        if ((request.ProtocolVersion & 1) == 0) return Rejection.ProtocolVersionNotSupported;
        if (request.ApplicationContext != PduWriter.ApplicationContext) return Rejection.ApplicationContextNotSupported;
        if (request.CallingTitle.Length == 0) return Rejection.CallingTitleNotRecognized;
        return request.CalledTitle.Length == 0 ? Rejection.CalledTitleNotRecognized : null;
    }

    private static Rejection RejectionOf(RpcException error)
    {
        if (!MeshErrors.TryRead(error, out var reason, out _)) return Rejection.TemporaryCongestion;
        return reason switch
        {
            Reason.NotFound => Rejection.CallingTitleNotRecognized,
            Reason.FieldInvalid => Rejection.CalledTitleNotRecognized,
            Reason.AccountNotApproved or Reason.AccountSuspended or Reason.RoleNotAllowed => Rejection.NoReason,
            _ => Rejection.TemporaryCongestion,
        };
    }

    private async Task<string> RejectAsync(Rejection rejection, string how)
    {
        if (!_services.Guard.IsTiresome(_address)) LogRejected(_services.Log, _address, rejection.Result, rejection.Source, rejection.Reason);
        await SendAsync(PduWriter.Reject(rejection));
        await CloseAsync();
        return how;
    }

    private async Task<string> AbortAsync(AbortReason reason, string how)
    {
        // A deadline that has passed cannot be set again.
        using var closing = new Deadline(_services.Time, _services.Stop);
        closing.Set(_services.Limits.Close);
        try
        {
            await _stream.WriteAsync(PduWriter.Abort(reason), closing.Token);
            await CloseAsync(closing);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException or NotSupportedException)
        {
            // It has gone already, or does not listen.
        }

        return how;
    }

    private async ValueTask SendAsync(byte[] pdus)
    {
        _deadline.Set(_services.Limits.Stall);
        await _stream.WriteAsync(pdus, _deadline.Token);
        await _stream.FlushAsync(_deadline.Token);
    }

    /// <summary>The connection is the peer's to close; one that does not is closed (PS3.8 §9.2.3, ARTIM).</summary>
    private async ValueTask CloseAsync(Deadline? deadline = null)
    {
        deadline ??= _deadline;
        deadline.Set(_services.Limits.Close);
        try
        {
            await _pdus.DrainAsync(MaxDrained, deadline.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It is closed by the caller now.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "DICOM association of '{Calling}' to '{Called}' from {Address} ({Implementation})")]
    private static partial void LogOpened(ILogger log, string calling, string called, IPAddress address, string implementation);

    [LoggerMessage(Level = LogLevel.Information, Message = "DICOM association of '{Calling}' ended: {Stored} instances stored or known ({Warned} of them of a patient who differs from the study's), {Refused} refused, {Bytes} bytes")]
    private static partial void LogClosed(ILogger log, string calling, long stored, long warned, long refused, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "DICOM association from {Address} rejected ({Result}, {Source}, {Reason})")]
    private static partial void LogRejected(ILogger log, IPAddress address, byte result, byte source, byte reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "DICOM connection from {Address} aborted: {Why}")]
    private static partial void LogBroken(ILogger log, IPAddress address, string why);
}
