using System.Text.Json;
using System.Text.Json.Serialization;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Archive;

/// <summary>What a backup says of itself, in <c>backup.json</c>. Written last: a folder without it is no backup.</summary>
internal sealed record BackupNote
{
    /// <summary>The version of the layout.</summary>
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>When the copy of the database began: everything acknowledged before is in it.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Objects that were copied; null when they are in a bucket.</summary>
    public long? Objects { get; init; }

    /// <summary>Bytes of them.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether the keys were written to another folder.</summary>
    public required bool KeysApart { get; init; }
}

/// <summary>
/// The layout of a backup: <c>postgres/</c> (a base backup), <c>data/</c> (what else the data directory holds, the objects
/// among it), <c>keys/</c> (unless they are kept apart) and <c>backup.json</c>.
/// </summary>
internal sealed class BackupFolder(string root)
{
    public string Root { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    public string Postgres => Path.Combine(Root, "postgres");

    public string Data => Path.Combine(Root, "data");

    public string Objects => Path.Combine(Data, "objects");

    public string Keys => Path.Combine(Root, "keys");

    private string Note => Path.Combine(Root, "backup.json");

    /// <summary>The parts of a data directory that are copied as they are, objects and keys apart.</summary>
    public static IEnumerable<string> PartsOf(DataDirectory data) => [data.Pki, data.Models, data.Config, data.Demo];

    /// <summary>Makes the folder.</summary>
    /// <exception cref="CliException">There is something in it.</exception>
    public void Create()
    {
        if (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any())
        {
            throw CliException.Failed($"'{Root}' is not empty.", "Name a new folder for each backup.");
        }

        SecretFile.CreateDirectory(Root);
        SecretFile.CreateDirectory(Data);
    }

    /// <summary>Completes the backup.</summary>
    public void Complete(BackupNote note) =>
        SecretFile.Write(Note, JsonSerializer.SerializeToUtf8Bytes(note, BackupNoteJson.Default.BackupNote));

    /// <summary>Reads what the backup says of itself.</summary>
    /// <exception cref="CliException">It is none, or of a newer version.</exception>
    public BackupNote Read()
    {
        if (!File.Exists(Note))
        {
            throw CliException.Failed($"'{Root}' holds no complete backup: there is no backup.json.", "Name the folder that mcc archive backup --to was given.");
        }

        BackupNote note = JsonSerializer.Deserialize(File.ReadAllBytes(Note), BackupNoteJson.Default.BackupNote)
            ?? throw CliException.Failed($"'{Note}' is damaged.");
        return note.Version <= BackupNote.CurrentVersion
            ? note
            : throw CliException.Failed($"The backup in '{Root}' has version {note.Version}; this program knows versions up to {BackupNote.CurrentVersion}.", "Use the newer MedCloudCare.");
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BackupNote))]
internal sealed partial class BackupNoteJson : JsonSerializerContext;
