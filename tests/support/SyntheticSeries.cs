using System.Globalization;
using MedCloudCare.Dicom;

namespace MedCloudCare.TestSupport;

/// <summary>
/// An axial MR series of a head-like phantom, made by our own writer: bright skull, grey and white matter, dark ventricles, so
/// that models find something. Every instance of this class is another patient, study and series.
/// </summary>
public sealed class SyntheticSeries
{
    private const double Spacing = 4;

    private readonly int slices;
    private readonly int rows;
    private readonly int columns;
    private readonly Action<DicomDataset>? change;

    /// <param name="slices">How many instances.</param>
    /// <param name="rows">Height.</param>
    /// <param name="columns">Width.</param>
    /// <param name="studyInstanceUid">The study; a new one unless given.</param>
    /// <param name="change">Sets further attributes of every instance.</param>
    public SyntheticSeries(int slices = 8, int rows = 64, int columns = 64, string? studyInstanceUid = null, Action<DicomDataset>? change = null)
    {
        this.change = change;
        this.slices = slices;
        this.rows = rows;
        this.columns = columns;
        StudyInstanceUid = studyInstanceUid ?? NewUid();
        Files = [.. Enumerable.Range(0, slices).Select(Slice)];
    }

    public string StudyInstanceUid { get; }

    public string SeriesInstanceUid { get; } = NewUid();

    public string FrameOfReferenceUid { get; } = NewUid();

    /// <summary>A name that stands nowhere else, so that a leak can be found.</summary>
    public string PatientName { get; } = "Zephyrine" + Guid.NewGuid().ToString("n")[..8] + "^Quill";

    public string PatientId { get; } = "PID" + Guid.NewGuid().ToString("n")[..12];

    /// <summary>SOP Instance UIDs from the feet to the head.</summary>
    public List<string> SopInstanceUids { get; } = [];

    /// <summary>The Part 10 files, from the feet to the head.</summary>
    public IReadOnlyList<byte[]> Files { get; }

    /// <summary>A UID under 2.25 (PS3.5 §B.2).</summary>
    public static string NewUid() => "2.25." + new System.Numerics.BigInteger(Guid.NewGuid().ToByteArray(), isUnsigned: true).ToString(CultureInfo.InvariantCulture);

    private byte[] Slice(int slice)
    {
        var uid = NewUid();
        SopInstanceUids.Add(uid);
        var dataset = new DicomDataset()
            .Set(DicomTags.SpecificCharacterSet, "ISO_IR 192")
            .Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY", "OTHER")
            .Set(DicomTags.SOPClassUID, "1.2.840.10008.5.1.4.1.1.4")
            .Set(DicomTags.SOPInstanceUID, uid)
            .Set(DicomTags.StudyDate, "20240229").Set(DicomTags.StudyTime, "101500")
            .Set(DicomTags.AccessionNumber, "ACC" + PatientId[3..])
            .Set(DicomTags.Modality, "MR")
            .Set(DicomTags.Manufacturer, "Test data")
            .Set(DicomTags.ReferringPhysicianName, "Referrer^Rita")
            .Set(DicomTags.StudyDescription, "Synthetic head").Set(DicomTags.SeriesDescription, "T1 axial phantom")
            .Set(DicomTags.PatientName, PatientName).Set(DicomTags.PatientID, PatientId)
            .Set(DicomTags.PatientBirthDate, "19700101").Set(DicomTags.PatientSex, "O")
            .Set(DicomTags.BodyPartExamined, "BRAIN")
            .Set(DicomTags.ScanningSequence, "GR").Set(DicomTags.SequenceVariant, "NONE").Set(DicomTags.ScanOptions, Array.Empty<string>())
            .Set(DicomTags.MRAcquisitionType, "3D").Set(DicomTags.EchoTime, 4d).Set(DicomTags.EchoTrainLength, "1")
            .Set(DicomTags.SliceThickness, Spacing).Set(DicomTags.PatientPosition, "HFS")
            .Set(DicomTags.StudyInstanceUID, StudyInstanceUid).Set(DicomTags.SeriesInstanceUID, SeriesInstanceUid)
            .Set(DicomTags.StudyID, "1").Set(DicomTags.SeriesNumber, "1")
            .Set(DicomTags.InstanceNumber, (slice + 1).ToString(CultureInfo.InvariantCulture))
            .Set(DicomTags.ImagePositionPatient, -columns * Spacing / 2, -rows * Spacing / 2, slice * Spacing)
            .Set(DicomTags.ImageOrientationPatient, 1d, 0d, 0d, 0d, 1d, 0d)
            .Set(DicomTags.FrameOfReferenceUID, FrameOfReferenceUid).Set(DicomTags.PositionReferenceIndicator, Array.Empty<string>())
            .Set(DicomTags.SamplesPerPixel, 1d).Set(DicomTags.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTags.Rows, (double)rows).Set(DicomTags.Columns, (double)columns)
            .Set(DicomTags.PixelSpacing, Spacing, Spacing)
            .Set(DicomTags.BitsAllocated, 16d).Set(DicomTags.BitsStored, 12d).Set(DicomTags.HighBit, 11d).Set(DicomTags.PixelRepresentation, 0d)
            .Set(DicomTags.WindowCenter, 500d).Set(DicomTags.WindowWidth, 1000d)
            .SetBytes(DicomTags.PixelData, DicomVR.OW, Pixels(slice));
        change?.Invoke(dataset);
        return DicomFile.ToArray(dataset);
    }

    /// <summary>Concentric ellipsoids: scalp, skull (dark), grey matter, white matter, ventricles.</summary>
    private byte[] Pixels(int slice)
    {
        var pixels = new byte[rows * columns * 2];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var r = Math.Sqrt(Square(2.0 * row / (rows - 1) - 1) + Square(2.0 * column / (columns - 1) - 1) + Square(0.8 * (2.0 * slice / Math.Max(1, slices - 1) - 1)));
                var value = r switch { > 0.95 => 5, > 0.88 => 700, > 0.80 => 60, > 0.60 => 450, > 0.25 => 800, _ => 150 };
                value += (row * 31 + column * 17 + slice * 13) % 23;
                BitConverter.TryWriteBytes(pixels.AsSpan((row * columns + column) * 2), (ushort)value);
            }
        }

        return pixels;
    }

    private static double Square(double x) => x * x;
}
