using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.Dimse.Store;

/// <summary>
/// The preamble and meta group (PS3.10 §7.1) that make a file of a data set. It depends on the data set and its encoding only,
/// not on who sends it or by which release of this program it was received: sent again, an instance is the same file.
/// </summary>
internal static class Part10Header
{
    private const string VersionName = "MEDCLOUDCARE";

    /// <summary>The header of an instance in a transfer syntax.</summary>
    public static byte[] Of(string sopClassUid, string sopInstanceUid, string transferSyntaxUid)
    {
        var group = new ArrayBufferWriter<byte>(256);
        var writer = new DicomWriter(group);
        writer.WriteElement(new DicomElement(DicomTags.FileMetaInformationVersion, DicomVR.OB, new byte[] { 0, 1 }));
        Write(writer, DicomTags.MediaStorageSOPClassUID, DicomVR.UI, sopClassUid);
        Write(writer, DicomTags.MediaStorageSOPInstanceUID, DicomVR.UI, sopInstanceUid);
        Write(writer, DicomTags.TransferSyntaxUID, DicomVR.UI, transferSyntaxUid);
        Write(writer, DicomTags.ImplementationClassUID, DicomVR.UI, DicomFile.ImplementationClassUid);
        Write(writer, DicomTags.ImplementationVersionName, DicomVR.SH, VersionName);

        var file = new ArrayBufferWriter<byte>(512);
        file.Write(new byte[Preamble.Length]);
        file.Write("DICM"u8);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, group.WrittenCount);
        new DicomWriter(file).WriteElement(new DicomElement(DicomTags.FileMetaInformationGroupLength, DicomVR.UL, length));
        file.Write(group.WrittenSpan);
        return file.WrittenSpan.ToArray();
    }

    private static void Write(DicomWriter writer, DicomTag tag, DicomVR vr, string value) =>
        writer.WriteElement(new DicomElement(tag, vr, Encoding.ASCII.GetBytes(value)));
}
