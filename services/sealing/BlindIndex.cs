using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// Deterministic, keyed traces of values (HMAC-SHA256), for equality search over what is sealed. A trace reveals nothing
/// without the key but that two values of one domain and scope are equal. Thread-safe.
/// </summary>
public sealed class BlindIndex : IDisposable
{
    /// <summary>Length of a trace in bytes.</summary>
    public const int TraceLength = HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key;

    /// <param name="key">32 bytes that serve this purpose only: <see cref="Keyring.DeriveKey"/>. Copied.</param>
    public BlindIndex(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySizes.KeyLength, nameof(key));
        _key = SecretBytes.CopyOf(key);
    }

    /// <summary>
    /// Trace of a patient's identity within one scope (the owner): Issuer of Patient ID (0010,0021) and Patient ID
    /// (0010,0020). Leading and trailing spaces and NULs are insignificant (PS3.5 §6.2, LO); case is significant; an
    /// absent issuer equals an empty one. The scope keeps two owners of one patient from being linked in a dump.
    /// </summary>
    public byte[] Patient(Guid scope, string? issuer, string patientId)
    {
        ArgumentNullException.ThrowIfNull(patientId);
        return Compute("patient", scope.ToString("D"), Normalise(issuer), Normalise(patientId));
    }

    /// <summary>Trace of a tuple of values under a domain; tuples of different domains never collide.</summary>
    public byte[] Compute(string domain, params ReadOnlySpan<string> values)
    {
        string[] parts = [domain, .. values];
        byte[] message = AssociatedData.Of(parts);
        byte[] trace = HMACSHA256.HashData(_key, message);
        CryptographicOperations.ZeroMemory(message);
        return trace;
    }

    /// <summary>Compares in time that does not depend on where the two differ.</summary>
    public static bool Matches(ReadOnlySpan<byte> trace, ReadOnlySpan<byte> other) =>
        CryptographicOperations.FixedTimeEquals(trace, other);

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private static string Normalise(string? value) => value?.Trim(' ', '\0') ?? "";
}
