using System.Net;
using System.Security.Cryptography;
using MedCloudCare.Auth.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Accounts.DicomPeers;

/// <summary>What a peer's configuration may say, and what an association must have to be that peer.</summary>
public static class PeerRules
{
    private const int MaximumTitle = 16, MaximumNetworks = 16;

    /// <summary>The row of a peer as a client describes it.</summary>
    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID names what is wrong.</exception>
    public static DicomPeerRow RowOf(DicomPeer peer, Guid owner, DateTimeOffset now)
    {
        if (!IsTitle(peer.CallingAeTitle)) throw BadTitle("dicom_peer.calling_ae_title");
        if (peer.CalledAeTitle.Length > 0 && !IsTitle(peer.CalledAeTitle)) throw BadTitle("dicom_peer.called_ae_title");
        if (peer.Networks.Count > MaximumNetworks) throw MeshErrors.Invalid("dicom_peer.networks", $"must be at most {MaximumNetworks}");
        return new DicomPeerRow
        {
            Id = Guid.CreateVersion7(),
            CallingAeTitle = peer.CallingAeTitle,
            CalledAeTitle = peer.CalledAeTitle,
            OwnerId = owner,
            Networks = [.. peer.Networks.Select(n => NetworkOf(n).ToString())],
            ClientCertificate = FingerprintOf(peer.ClientCertificateSha256),
            CreateTime = now,
        };
    }

    /// <summary>Whether address and certificate are those of the peer.</summary>
    public static bool Admits(DicomPeerRow peer, IPAddress? address, string certificate)
    {
        if (peer.Networks.Length > 0)
        {
            if (address is null) return false;
            if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
            if (!Array.Exists(peer.Networks, n => IPNetwork.Parse(n).Contains(address))) return false;
        }

        return peer.ClientCertificate is not { } pinned
            || (TryFingerprint(certificate, out var shown) && CryptographicOperations.FixedTimeEquals(pinned, shown));
    }

    /// <summary>An AE title of PS3.5 §6.2 as it is compared: without spaces around it.</summary>
    public static bool IsTitle(string text) =>
        text.Length is > 0 and <= MaximumTitle && text.All(c => c is >= ' ' and <= '~' and not '\\') && text[0] != ' ' && text[^1] != ' ';

    /// <summary>The resource of a row.</summary>
    public static DicomPeer ToProto(DicomPeerRow row) => new()
    {
        Name = $"{DicomPeerGrpc.Collection}/{row.Id}",
        CallingAeTitle = row.CallingAeTitle,
        Owner = $"accounts/{row.OwnerId}",
        CalledAeTitle = row.CalledAeTitle,
        Networks = { row.Networks },
        ClientCertificateSha256 = row.ClientCertificate is { } hash ? Convert.ToHexStringLower(hash) : "",
        CreateTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(row.CreateTime),
    };

    private static Grpc.Core.RpcException BadTitle(string field) =>
        MeshErrors.Invalid(field, $"must be 1 to {MaximumTitle} printable ASCII characters without backslash and without spaces around them");

    /// <summary>ADDRESS or ADDRESS/BITS; bits behind the prefix are dropped.</summary>
    private static IPNetwork NetworkOf(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (text.Length <= 64 && IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address))
        {
            var bytes = address.GetAddressBytes();
            var bits = bytes.Length * 8;
            if (slash < 0 || (int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var prefix) && prefix <= bits && (bits = prefix) >= 0))
            {
                for (var i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(0xFF00 >> Math.Clamp(bits - i * 8, 0, 8));
                return new IPNetwork(new IPAddress(bytes), bits);
            }
        }

        throw MeshErrors.Invalid("dicom_peer.networks", "must be addresses, or networks of the form ADDRESS/BITS");
    }

    private static byte[]? FingerprintOf(string text)
    {
        if (text.Length == 0) return null;
        return TryFingerprint(text, out var hash) ? hash : throw MeshErrors.Invalid("dicom_peer.client_certificate_sha256", "must be 64 hexadecimal digits");
    }

    private static bool TryFingerprint(string text, out byte[] hash)
    {
        hash = new byte[SHA256.HashSizeInBytes];
        return text.Length == 2 * hash.Length && Convert.FromHexString(text, hash, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
