using System.Text.Json;
using System.Text.Json.Serialization;

namespace MedCloudCare.Cli.Connections;

/// <summary>What is kept of a session between commands, in a file of mode 0600.</summary>
/// <param name="Url">The mesh that it belongs to.</param>
/// <param name="Email">Who signed in.</param>
/// <param name="AccessToken">Sent with every call.</param>
/// <param name="AccessExpires">When the access token ends.</param>
/// <param name="RefreshToken">Exchanged, once, for the next pair.</param>
/// <param name="RefreshExpires">When the session ends if it is not used.</param>
internal sealed record StoredSession(
    string Url, string Email, string AccessToken, DateTimeOffset AccessExpires, string RefreshToken, DateTimeOffset RefreshExpires)
{
    /// <summary>Reads it; null if there is none or it is damaged.</summary>
    public static StoredSession? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), StoredSessionJson.Default.StoredSession);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes it.</summary>
    public void Write(string path) => Launcher.SecretFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, StoredSessionJson.Default.StoredSession));
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(StoredSession))]
internal sealed partial class StoredSessionJson : JsonSerializerContext;
