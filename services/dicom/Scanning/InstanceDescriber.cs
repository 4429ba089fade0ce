namespace MedCloudCare.Dicom;

/// <summary>Draws the description of an instance from a finished pass over its file.</summary>
internal static class InstanceDescriber
{
    public static DicomInstanceInfo Describe(DicomTokenizer tokenizer, DatasetBuilder builder, bool requireIdentifiers)
    {
        builder.Finish();
        var dataset = builder.Root;
        string Identifier(DicomTag tag, DicomError missing) => requireIdentifiers ? Required(dataset, tag, missing) : dataset.GetString(tag) ?? "";

        return new DicomInstanceInfo
        {
            SopInstanceUid = Identifier(DicomTags.SOPInstanceUID, DicomError.MissingSopInstanceUid),
            SopClassUid = Identifier(DicomTags.SOPClassUID, DicomError.MissingSopClassUid),
            StudyInstanceUid = Identifier(DicomTags.StudyInstanceUID, DicomError.MissingStudyInstanceUid),
            SeriesInstanceUid = Identifier(DicomTags.SeriesInstanceUID, DicomError.MissingSeriesInstanceUid),
            TransferSyntaxUid = tokenizer.TransferSyntaxUid,
            Dataset = dataset,
            Meta = builder.Meta,
            Json = DicomJsonWriter.ToArray(dataset),
            BulkData = builder.Bulk,
            Frames = FrameMapper.Map(dataset, builder.Pixels, TransferSyntax.Find(tokenizer.TransferSyntaxUid), tokenizer.IsInflated),
            FileLength = tokenizer.FileLength,
            HasPreamble = tokenizer.HasPreamble,
            IsInflated = tokenizer.IsInflated,
            DatasetOffset = tokenizer.DatasetOffset,
        };
    }

    private static string Required(DicomDataset dataset, DicomTag tag, DicomError missing)
    {
        var uid = dataset.GetString(tag);
        if (uid is null) throw new DicomException(missing, $"{DicomDictionary.Find(tag)!.Keyword} is missing", path: tag.ToString());
        return DicomUid.IsValid(uid) ? uid : throw new DicomException(DicomError.InvalidUid, $"{DicomDictionary.Find(tag)!.Keyword} is not a UID", path: tag.ToString());
    }
}
