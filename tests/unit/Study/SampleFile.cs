using MedCloudCare.Dicom;

namespace MedCloudCare.Studies.Tests;

/// <summary>Small Part 10 files of known content.</summary>
internal static class SampleFile
{
    public static DicomDataset Dataset(string study, string series, string instance, int number = 1, int rows = 16, int columns = 16, int frames = 1)
    {
        byte[] pixels = new byte[rows * columns * frames * 2];
        new Random(number).NextBytes(pixels);
        DicomDataset dataset = new();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        dataset.Set(DicomTags.SOPClassUID, SopClasses.MRImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, instance);
        dataset.Set(DicomTags.StudyInstanceUID, study);
        dataset.Set(DicomTags.SeriesInstanceUID, series);
        dataset.Set(DicomTags.StudyDate, "20240131");
        dataset.Set(DicomTags.StudyTime, "101500");
        dataset.Set(DicomTags.Modality, "MR");
        dataset.Set(DicomTags.PatientName, "Sample^Brain");
        dataset.Set(DicomTags.PatientID, "MR-0001");
        dataset.Set(DicomTags.StudyDescription, "Head");
        dataset.Set(DicomTags.SeriesNumber, 3);
        dataset.Set(DicomTags.InstanceNumber, number);
        dataset.Set(DicomTags.NumberOfFrames, frames);
        dataset.Set(DicomTags.SamplesPerPixel, 1);
        dataset.Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.Set(DicomTags.Rows, rows);
        dataset.Set(DicomTags.Columns, columns);
        dataset.Set(DicomTags.BitsAllocated, 16);
        dataset.Set(DicomTags.BitsStored, 12);
        dataset.Set(DicomTags.HighBit, 11);
        dataset.Set(DicomTags.PixelRepresentation, 0.0);
        dataset.SetBytes(DicomTags.PixelData, DicomVR.OW, pixels);
        return dataset;
    }

    public static byte[] Of(DicomDataset dataset) => DicomFile.ToArray(dataset);

    /// <summary>Files of one new series of a study.</summary>
    public static List<byte[]> Series(int count, string? study = null, int rows = 16, int columns = 16)
    {
        study ??= DicomUid.Create();
        string series = DicomUid.Create();
        return [.. Enumerable.Range(1, count).Select(n => Of(Dataset(study, series, DicomUid.Create(), n, rows, columns)))];
    }
}
