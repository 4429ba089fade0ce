using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MedCloudCare.Sealing;

/// <summary>The parsed keyring: immutable, swapped as a whole. FORMAT.md, "Keyring".</summary>
internal sealed record KeyringContent(Guid Primary, byte[] Root, IReadOnlyDictionary<Guid, MasterKey> Keys)
{
    public const int Version = 1;
    private const int CheckLength = 8;
    private const string CheckLabel = "medcloudcare/keyring-check/v1";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter<MasterKeyState>(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private static readonly JsonSerializerOptions VersionJson = new(JsonSerializerDefaults.Web);

    public static KeyringContent Create(TimeProvider time)
    {
        MasterKey first = MasterKey.Create(time);
        return new(first.Id, SecretBytes.Random(KeySizes.KeyLength), new Dictionary<Guid, MasterKey> { [first.Id] = first });
    }

    /// <summary>Parses a keyring file. The name is for messages only.</summary>
    public static KeyringContent Parse(ReadOnlySpan<byte> utf8, string name)
    {
        FileDto? file;
        try
        {
            int version = JsonSerializer.Deserialize<VersionDto>(utf8, VersionJson)?.Version ?? 0;
            if (version > Version)
            {
                throw new KeyringException(KeyringProblem.UnknownVersion,
                    $"The keyring '{name}' has version {version}; this release reads version {Version}. Use the release that wrote it, or a newer one.");
            }

            file = JsonSerializer.Deserialize<FileDto>(utf8, Json);
        }
        catch (JsonException e)
        {
            // The inner exception may quote the text near the error, which may be a key: only its position is kept.
            throw Malformed(name, $"it is not valid JSON of a keyring (line {e.LineNumber + 1})");
        }

        if (file is not { Version: Version, Keys.Count: > 0, Root: not null })
        {
            throw Malformed(name, "version, root or keys are missing");
        }

        Dictionary<Guid, MasterKey> keys = [];
        foreach (KeyDto key in file.Keys)
        {
            CheckSecret(key?.Key, key?.Check, name, $"key {key?.Id}");
            if (!keys.TryAdd(key!.Id, new MasterKey(key.Id, key.Created, key.State, SecretBytes.CopyOf(key.Key))))
            {
                throw Malformed(name, $"key {key.Id} appears twice");
            }

            CryptographicOperations.ZeroMemory(key.Key);
        }

        CheckSecret(file.Root, file.RootCheck, name, "the root");
        if (!keys.TryGetValue(file.Primary, out MasterKey? primary) || primary.State != MasterKeyState.Active)
        {
            throw Malformed(name, "its primary is not one of its active keys");
        }

        byte[] root = SecretBytes.CopyOf(file.Root);
        CryptographicOperations.ZeroMemory(file.Root);
        return new KeyringContent(file.Primary, root, keys);
    }

    /// <summary>The bytes of the file. The caller zeroes them.</summary>
    public byte[] Format() => JsonSerializer.SerializeToUtf8Bytes(
        new FileDto(Version, Primary, Root, Check(Root),
            [.. Keys.Values.OrderBy(k => k.Created).Select(k => new KeyDto(k.Id, k.Created, k.State, k.Secret, Check(k.Secret)))]),
        Json);

    private static byte[] Check(ReadOnlySpan<byte> secret)
    {
        byte[] check = new byte[CheckLength];
        SecretBytes.Derive(secret, CheckLabel, check);
        return check;
    }

    private static void CheckSecret(byte[]? secret, byte[]? check, string name, string what)
    {
        if (secret is not { Length: KeySizes.KeyLength })
        {
            throw Malformed(name, $"{what} is not {KeySizes.KeyLength} bytes of base64");
        }

        if (check is null || !CryptographicOperations.FixedTimeEquals(Check(secret), check))
        {
            throw Malformed(name, $"{what} does not match its check value");
        }
    }

    private static KeyringException Malformed(string name, string why) =>
        new(KeyringProblem.Malformed, $"The keyring '{name}' is malformed: {why}. Restore it from its backup.");

    private sealed record VersionDto(int Version);

    private sealed record FileDto(int Version, Guid Primary, byte[] Root, byte[] RootCheck, List<KeyDto> Keys);

    private sealed record KeyDto(Guid Id, DateTimeOffset Created, MasterKeyState State, byte[] Key, byte[] Check);
}
