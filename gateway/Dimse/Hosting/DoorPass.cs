using System.Net;
using Grpc.Core;
using MedCloudCare.Auth.V1;

namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>Who asks for an association.</summary>
/// <param name="CertificateSha256">SHA-256 of the client certificate of the TLS connection, in hexadecimal; empty without one.</param>
internal sealed record DoorVisitor(string CallingTitle, string CalledTitle, IPAddress Address, string CertificateSha256);

/// <summary>
/// The admission of one association: auth knows which calling AE title stores for whom. It is asked again while instances
/// arrive, so that a peer that was removed, or whose owner was suspended, stores nothing more. Not thread-safe.
/// </summary>
internal sealed class DoorPass(DicomPeerService.DicomPeerServiceClient peers, DoorVisitor visitor, TimeSpan lifetime, TimeProvider time)
{
    private string _token = "";
    private long _asked;

    /// <summary>The delegation of the owner, to this process alone and for storing only.</summary>
    /// <exception cref="RpcException">NOT_FOUND, FIELD_INVALID (called_ae_title), ACCOUNT_NOT_APPROVED, ACCOUNT_SUSPENDED; transport.</exception>
    public async ValueTask<string> TokenAsync(CancellationToken cancellation)
    {
        if (_token.Length > 0 && time.GetElapsedTime(_asked) < lifetime) return _token;
        var asked = time.GetTimestamp();
        var admission = await peers.AdmitDicomPeerAsync(
            new AdmitDicomPeerRequest
            {
                CallingAeTitle = visitor.CallingTitle,
                CalledAeTitle = visitor.CalledTitle,
                Address = visitor.Address.ToString(),
                ClientCertificateSha256 = visitor.CertificateSha256,
            },
            cancellationToken: cancellation);
        (_token, _asked) = (admission.Delegation.Token, asked);
        return _token;
    }
}
