using System.CommandLine;

namespace MedCloudCare.Cli.Dicom;

/// <summary><c>mcc dicom</c>: the door for systems that speak DIMSE (C-STORE, C-ECHO).</summary>
internal static class DicomCommand
{
    public static Command Create() => new("dicom", "The DICOM network door (C-STORE, C-ECHO) of the local mesh.")
    {
        new Command("peers", "Which calling AE titles may store, and for whom. Others are rejected.")
        {
            AddPeerCommand.Create(),
            ListPeersCommand.Create(),
            RemovePeerCommand.Create(),
        },
    };
}
