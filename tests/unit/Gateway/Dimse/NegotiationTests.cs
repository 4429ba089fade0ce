using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Dimse.Negotiation;
using MedCloudCare.Gateway.Dimse.Store;
using MedCloudCare.Gateway.Dimse.UpperLayer;
using static MedCloudCare.Gateway.Tests.Dimse.ScuBytes;

namespace MedCloudCare.Gateway.Tests.Dimse;

public sealed class NegotiationTests
{
    private const string BigEndian = "1.2.840.10008.1.2.2", JpegLossless = "1.2.840.10008.1.2.4.70";

    [Theory]
    [InlineData("1.2.840.10008.5.1.4.1.1.2", true)]
    [InlineData("1.2.840.10008.5.1.4.1.1.1.1", true)] // For Presentation
    [InlineData("1.2.840.10008.5.1.4.1.1.104.1", true)] // PDF
    [InlineData("1.2.840.10008.5.1.4.1.1.66.4", true)] // Segmentation
    [InlineData("1.2.840.10008.5.1.4.1.1.77.1", true)] // retired trial
    [InlineData("1.2.840.10008.5.1.4.1.1.40", true)] // retired without a name
    [InlineData("1.2.840.10008.5.1.4.1.1.9999.7", true)] // newer than the registry
    [InlineData("1.2.840.10008.5.1.4.34.7", true)] // RT Beams Delivery Instruction
    [InlineData("1.2.840.10008.5.1.4.38.1", true)] // Hanging Protocol
    [InlineData("1.2.840.10008.5.1.1.30", true)] // Hardcopy Color Image, retired
    [InlineData("1.3.12.2.1107.5.9.1", true)] // private: CSA Non-Image
    [InlineData("1.2.840.10008.5.1.4.1.2.1.1", false)] // Patient Root FIND
    [InlineData("1.2.840.10008.5.1.4.1.1.200.4", false)] // Protocol Approval FIND
    [InlineData("1.2.840.10008.1.20.1", false)] // Storage Commitment
    [InlineData("1.2.840.10008.1.3.10", false)] // DICOMDIR
    [InlineData("1.2.840.10008.4.2", false)] // Storage Service Class
    [InlineData("1.2.840.10008.5.1.4.31", false)] // Modality Worklist
    [InlineData("1.2.840.10008.5.1.4.1.1", false)]
    public void Storage_classes_are_taken_and_other_services_are_not(string sopClass, bool isTaken) =>
        Assert.Equal(isTaken, StorageClasses.Contains(sopClass));

    [Theory]
    [InlineData(ExplicitLittle, ImplicitLittle, BigEndian, ExplicitLittle)]
    [InlineData(BigEndian, ImplicitLittle)]
    [InlineData(JpegLossless, ExplicitLittle)]
    [InlineData("1.2.840.10008.1.2.1.99", ExplicitLittle)] // deflated
    [InlineData("1.2.840.10008.1.2.4.999", ExplicitLittle)] // newer than the registry
    [InlineData("1.2.840.113619.5.2", ImplicitLittle)] // private
    public void The_first_choice_of_the_peer_is_taken(string first, params string[] others) =>
        Assert.Equal(first, Agree(first, [.. others.Except([ExplicitLittle, first]), .. others.Where(o => o == ExplicitLittle && first is not BigEndian)]));

    [Fact]
    public void Explicit_little_endian_goes_before_the_two_that_say_less()
    {
        Assert.Equal(ExplicitLittle, Agree(ImplicitLittle, ExplicitLittle));
        Assert.Equal(ExplicitLittle, Agree(BigEndian, ImplicitLittle, ExplicitLittle));
    }

    [Fact]
    public void What_cannot_be_taken_is_said_with_its_reason()
    {
        var agreed = Negotiator.Agree(
        [
            new ProposedContext(1, "1.2.840.10008.5.1.4.1.2.1.1", [ImplicitLittle]),
            new ProposedContext(3, CtImage, ["1.2.840.10008.5.1.4.1.1.2"]),
            new ProposedContext(5, Verification, [ImplicitLittle]),
        ]);
        Assert.Equal([ContextResult.AbstractSyntaxNotSupported, ContextResult.TransferSyntaxesNotSupported, ContextResult.Accepted], agreed.Select(c => c.Result));
    }

    [Fact]
    public void The_header_makes_a_file_of_a_data_set_that_is_the_same_every_time()
    {
        var dataset = new DicomDataset()
            .Set(DicomTags.SOPClassUID, CtImage).Set(DicomTags.SOPInstanceUID, "1.2.3.4")
            .Set(DicomTags.StudyInstanceUID, "1.2.3").Set(DicomTags.SeriesInstanceUID, "1.2.3.1");
        var ours = DicomFile.ToArray(dataset);
        var header = Part10Header.Of(CtImage, "1.2.3.4", ExplicitLittle);
        byte[] file = [.. header, .. ours[^(ours.Length - DatasetOffset(ours))..]];
        var info = DicomInstanceScanner.Scan(file);
        Assert.Equal(("1.2.3.4", ExplicitLittle), (info.SopInstanceUid, info.TransferSyntaxUid));
        Assert.Equal(header.Length, DatasetOffset(file));
        Assert.Equal(header, Part10Header.Of(CtImage, "1.2.3.4", ExplicitLittle));
    }

    [Theory]
    [InlineData(CtImage, "1.2.3.4", false)]
    [InlineData(CtImage, "1.2.3.5", true)]
    [InlineData("1.2.840.10008.5.1.4.1.1.4", "1.2.3.4", true)]
    public void A_data_set_of_another_instance_than_announced_is_seen_before_its_end(string sopClass, string instance, bool hasFailed)
    {
        var file = DicomFile.ToArray(new DicomDataset()
            .Set(DicomTags.SOPClassUID, CtImage).Set(DicomTags.SOPInstanceUID, "1.2.3.4")
            .Set(DicomTags.StudyInstanceUID, "1.2.3").Set(DicomTags.SeriesInstanceUID, "1.2.3.1")
            .Set(DicomTags.ImageComments, new string('x', 2000)));
        using var check = new IdentityCheck(new InstanceHeading(sopClass, instance, ExplicitLittle));
        foreach (var piece in file[..^1000].Chunk(100)) check.Write(piece);
        Assert.Equal(hasFailed, check.HasFailed);
    }

    private static int DatasetOffset(byte[] file) => 144 + BitConverter.ToInt32(file, 140);

    private static string Agree(string first, params string[] others) =>
        Negotiator.Agree([new ProposedContext(1, CtImage, [first, .. others])])[0].TransferSyntax;
}
