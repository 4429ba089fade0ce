using System.CommandLine;

namespace MedCloudCare.Cli.Archive;

/// <summary><c>mcc archive</c>: what the operator of a mesh does with its objects and database.</summary>
internal static class ArchiveCommand
{
    public static Command Create() => new("archive", "Check, compact, back up, restore and rebuild the archive of the local mesh, as its operator.")
    {
        VerifyCommand.Create(),
        CompactCommand.Create(),
        BackupCommand.Create(),
        RestoreCommand.Create(),
        RebuildCommand.Create(),
    };
}
