namespace MedCloudCare.Sealing;

/// <summary>What a master key may be used for.</summary>
public enum MasterKeyState
{
    /// <summary>Unwraps, and may be made primary.</summary>
    Active,

    /// <summary>Unwraps only, until nothing is wrapped by it and it is removed.</summary>
    Retired,
}

/// <summary>Description of a master key, without the key.</summary>
public sealed record MasterKeyInfo(Guid Id, DateTimeOffset Created, MasterKeyState State, bool IsPrimary);

/// <summary>A master key with its secret (32 bytes).</summary>
internal sealed record MasterKey(Guid Id, DateTimeOffset Created, MasterKeyState State, byte[] Secret)
{
    /// <summary>The cipher under this key, for one user at a time.</summary>
    public CipherSlot Ciphers { get; } = new(Secret);

    public static MasterKey Create(TimeProvider time) =>
        new(Guid.NewGuid(), time.GetUtcNow(), MasterKeyState.Active, SecretBytes.Random(KeySizes.KeyLength));
}
