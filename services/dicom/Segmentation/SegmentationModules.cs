using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>Segmentation Series, General Image, Image Pixel, Segmentation Image (PS3.3 §C.8.20) and Common Instance Reference (§C.12.2).</summary>
internal static class SegmentationModules
{
    public static DicomDataset Create(SourceSeries source, DerivedSeriesIdentity identity, string sopInstanceUid, int frames)
    {
        var dataset = CommonModules.Start(source.First, identity, "SEG")
            .AddEquipment(identity)
            .AddLossyCompression(source.First)
            .Set(DicomTags.SOPClassUID, SopClasses.SegmentationStorage)
            .Set(DicomTags.SOPInstanceUID, sopInstanceUid)
            .Set(DicomTags.InstanceNumber, 1.0)
            .Set(DicomTags.ImageType, "DERIVED", "PRIMARY")
            .Set(DicomTags.SamplesPerPixel, 1.0)
            .Set(DicomTags.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTags.NumberOfFrames, (double)frames)
            .Set(DicomTags.Rows, (double)source.Rows)
            .Set(DicomTags.Columns, (double)source.Columns)
            .Set(DicomTags.BitsAllocated, 1.0)
            .Set(DicomTags.BitsStored, 1.0)
            .Set(DicomTags.HighBit, 0.0)
            .Set(DicomTags.PixelRepresentation, 0.0)
            .Set(DicomTags.SegmentationType, "BINARY")
            .Set(DicomTags.SegmentsOverlap, "NO")
            .Set(DicomTags.ContentLabel, "SEGMENTATION")
            .Set(DicomTags.ContentDescription, AlgorithmDescription.LongString(identity.SeriesDescription))
            .Set(DicomTags.ContentCreatorName, AlgorithmDescription.Clean(identity.Algorithm.Name.Replace('^', ' ').Replace('=', ' '), 64));
        if (source.HasGeometry) dataset.AddFrameOfReference(source.First);
        else dataset.AddPatientOrientation(source.First);
        return dataset.SetItems(DicomTags.ReferencedSeriesSequence, References(source));
    }

    private static DicomDataset References(SourceSeries source)
    {
        var instances = source.Slices.DistinctBy(x => x.SopInstanceUid).Select(x => new DicomDataset()
            .Set(DicomTags.ReferencedSOPClassUID, x.SopClassUid)
            .Set(DicomTags.ReferencedSOPInstanceUID, x.SopInstanceUid));
        return new DicomDataset()
            .Set(DicomTags.SeriesInstanceUID, source.First.GetString(DicomTags.SeriesInstanceUID)!)
            .SetItems(DicomTags.ReferencedInstanceSequence, [.. instances]);
    }
}
