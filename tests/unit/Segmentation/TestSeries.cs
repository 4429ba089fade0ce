using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Segmentation.Tests;

/// <summary>Headers of synthetic source series, as an archive would answer them: through DICOM JSON.</summary>
internal static class TestSeries
{
    public const string Study = "2.25.1001", Series = "2.25.1002", FrameOfReference = "2.25.1003";

    /// <summary>Single-frame images, slices at the given distances along the normal.</summary>
    public static IReadOnlyList<DicomDataset> SingleFrame(int rows, int columns, IReadOnlyList<double> depths, IReadOnlyList<double>? orientation = null, string modality = "MR")
    {
        orientation ??= [1, 0, 0, 0, 1, 0];
        return [.. depths.Select((depth, i) =>
        {
            var image = Common(rows, columns, modality, modality == "CT" ? SopClasses.CTImageStorage : SopClasses.MRImageStorage, $"2.25.2{i:D4}");
            image.Set(DicomTags.InstanceNumber, i + 1.0)
                .Set(DicomTags.ImagePositionPatient, Position(orientation, depth))
                .Set(DicomTags.ImageOrientationPatient, [.. orientation])
                .Set(DicomTags.PixelSpacing, 0.75, 0.5)
                .Set(DicomTags.SliceThickness, 3.0);
            return DicomDataset.FromJson(image.ToJson());
        })];
    }

    /// <summary>One enhanced MR instance of many frames, measures and orientation shared.</summary>
    public static DicomDataset MultiFrame(int rows, int columns, int frames)
    {
        var image = Common(rows, columns, "MR", SopClasses.EnhancedMRImageStorage, "2.25.30000");
        image.Set(DicomTags.NumberOfFrames, (double)frames)
            .SetItems(DicomTags.SharedFunctionalGroupsSequence, new DicomDataset()
                .SetItems(DicomTags.PlaneOrientationSequence, new DicomDataset().Set(DicomTags.ImageOrientationPatient, 1, 0, 0, 0, 1, 0))
                .SetItems(DicomTags.PixelMeasuresSequence, new DicomDataset().Set(DicomTags.PixelSpacing, 0.75, 0.5).Set(DicomTags.SliceThickness, 2.0)))
            .SetItems(DicomTags.PerFrameFunctionalGroupsSequence, [.. Enumerable.Range(0, frames).Select(i => new DicomDataset()
                .SetItems(DicomTags.PlanePositionSequence, new DicomDataset().Set(DicomTags.ImagePositionPatient, -10, -20, 2.0 * i)))]);
        return DicomDataset.FromJson(image.ToJson());
    }

    /// <summary>Images without position and orientation, as from an X-ray or ultrasound device.</summary>
    public static IReadOnlyList<DicomDataset> WithoutGeometry(int rows, int columns, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Common(rows, columns, "CR", SopClasses.ComputedRadiographyImageStorage, $"2.25.4{i:D4}", false))];

    public static SourceSeries Source(IReadOnlyList<DicomDataset> headers, IEnumerable<int>? order = null) => SourceSeries.Create(
        headers.ToDictionary(x => x.GetString(DicomTags.SOPInstanceUID)!, StringComparer.Ordinal),
        [.. (order ?? Enumerable.Range(0, headers.Count)).Select(i => (headers[i].GetString(DicomTags.SOPInstanceUID)!, 1))]);

    private static DicomDataset Common(int rows, int columns, string modality, string sopClass, string uid, bool inSpace = true)
    {
        var image = new DicomDataset()
            .Set(DicomTags.SpecificCharacterSet, "ISO_IR 192")
            .Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY", modality == "CT" ? "AXIAL" : "OTHER")
            .Set(DicomTags.SOPClassUID, sopClass).Set(DicomTags.SOPInstanceUID, uid)
            .Set(DicomTags.StudyDate, "20240131").Set(DicomTags.StudyTime, "101500").Set(DicomTags.AccessionNumber, "A-17")
            .Set(DicomTags.Modality, modality).Set(DicomTags.Manufacturer, "Test").Set(DicomTags.ReferringPhysicianName, "Nováková^Žofie")
            .Set(DicomTags.PatientName, "Yamada^Tarou=山田^太郎").Set(DicomTags.PatientID, "P-1").Set(DicomTags.PatientBirthDate, "19700101")
            .Set(DicomTags.PatientSex, "M").Set(DicomTags.PatientAge, "054Y").Set(DicomTags.BodyPartExamined, "BRAIN")
            .Set(DicomTags.StudyInstanceUID, Study).Set(DicomTags.SeriesInstanceUID, Series).Set(DicomTags.StudyID, "1").Set(DicomTags.SeriesNumber, 3.0)
            .Set(DicomTags.Rows, (double)rows).Set(DicomTags.Columns, (double)columns);
        if (inSpace) image.Set(DicomTags.FrameOfReferenceUID, FrameOfReference).Set(DicomTags.PositionReferenceIndicator, "");
        if (modality == "MR") image.Set(DicomTags.ScanningSequence, "GR").Set(DicomTags.SequenceVariant, "NONE").Set(DicomTags.MRAcquisitionType, "3D").Set(DicomTags.EchoTime, 2.5).Set(DicomTags.RepetitionTime, 10);
        if (modality == "CT") image.Set(DicomTags.KVP, 120).Set(DicomTags.AcquisitionNumber, 1.0).Set(DicomTags.RescaleIntercept, -1024).Set(DicomTags.RescaleSlope, 1.0).Set(DicomTags.PatientPosition, "HFS");
        return image;
    }

    private static double[] Position(IReadOnlyList<double> o, double depth) =>
    [
        -100 + (depth * ((o[1] * o[5]) - (o[2] * o[4]))),
        -80 + (depth * ((o[2] * o[3]) - (o[0] * o[5]))),
        12.5 + (depth * ((o[0] * o[4]) - (o[1] * o[3]))),
    ];
}
