namespace MedCloudCare.Sealing;

/// <summary>Sizes of AES-256-GCM (NIST SP 800-38D) as used throughout, in bytes.</summary>
internal static class KeySizes
{
    public const int KeyLength = 32;
    public const int NonceLength = 12;
    public const int TagLength = 16;
}
