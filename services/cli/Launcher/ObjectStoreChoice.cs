using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// Where a mesh keeps its packs, in <c>config/objects.json</c>: chosen once, by the first <c>mcc up</c> that says so. The
/// database refers to objects by name only, so another store would be one where everything is missing.
/// </summary>
internal sealed record ObjectStoreChoice
{
    private static readonly string[] Variables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

    /// <summary><c>s3://BUCKET/PREFIX</c>; empty for the directory <c>objects</c>.</summary>
    public string Objects { get; init; } = "";

    /// <summary>Address of the S3 server; empty for AWS.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Region; empty for the service's default.</summary>
    public string Region { get; init; } = "";

    /// <summary>Credentials file; empty for the environment.</summary>
    public string Credentials { get; init; } = "";

    /// <summary>PEM file of the only authority to trust; empty for those of the system.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Whether packs are in a bucket.</summary>
    [JsonIgnore]
    public bool IsS3 => Objects.Length > 0;

    /// <summary>What was chosen for a mesh.</summary>
    public static ObjectStoreChoice Read(DataDirectory data)
    {
        string path = PathIn(data);
        return File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), ObjectStoreChoiceJson.Default.ObjectStoreChoice)
                ?? throw CliException.Failed($"'{path}' is damaged.", "Restore it from the backup of the data directory.")
            : new ObjectStoreChoice();
    }

    /// <summary>Keeps this choice for the mesh, from now on.</summary>
    /// <exception cref="CliException">The mesh has its packs elsewhere.</exception>
    public void Settle(DataDirectory data)
    {
        ObjectStoreChoice present = Read(data);
        bool settled = File.Exists(PathIn(data))
            || (Directory.Exists(data.Objects) && Directory.EnumerateFiles(data.Objects, "*.pack", SearchOption.AllDirectories).Any());
        if (settled && present.Objects != Objects)
        {
            throw CliException.Failed(
                $"This mesh keeps its packs in {(present.IsS3 ? present.Objects : $"'{data.Objects}'")}.",
                "Leave --objects out, or copy all of them to the new place first and correct config/objects.json.");
        }

        SecretFile.Write(PathIn(data), JsonSerializer.SerializeToUtf8Bytes(this, ObjectStoreChoiceJson.Default.ObjectStoreChoice));
    }

    /// <summary>Adds it to the section of the study service.</summary>
    public JsonObject AddTo(JsonObject study, DataDirectory data)
    {
        study[nameof(Objects)] = IsS3 ? Objects : data.Objects;
        if (IsS3)
        {
            study["S3Endpoint"] = Endpoint;
            study["S3Credentials"] = Credentials;
            study["S3Authority"] = Authority;
            if (Region.Length > 0)
            {
                study["S3Region"] = Region;
            }
        }

        return study;
    }

    /// <summary>Hands the credentials that the launcher's own environment holds to the study service.</summary>
    public static void AddCredentials(Dictionary<string, string> environment)
    {
        foreach (string name in Variables)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }
    }

    private static string PathIn(DataDirectory data) => Path.Combine(data.Config, "objects.json");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ObjectStoreChoice))]
internal sealed partial class ObjectStoreChoiceJson : JsonSerializerContext;
