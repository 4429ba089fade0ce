using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>What the contract calls the faults of a DICOM file.</summary>
internal static class DicomErrors
{
    public static Reason ReasonOf(DicomError error) => error switch
    {
        DicomError.NotDicom => Reason.DicomNotRecognised,
        DicomError.Truncated => Reason.DicomTruncated,
        DicomError.LengthBeyondEnd or DicomError.InvalidLength => Reason.DicomLengthInvalid,
        DicomError.TooDeep or DicomError.TooManyElements or DicomError.MetadataTooLarge => Reason.DicomTooComplex,
        DicomError.MissingSopInstanceUid or DicomError.MissingSopClassUid or DicomError.MissingStudyInstanceUid
            or DicomError.MissingSeriesInstanceUid or DicomError.InvalidUid => Reason.DicomIdentifierMissing,
        DicomError.InflatedTooLarge or DicomError.CorruptDeflate => Reason.DicomDeflateInvalid,
        _ => Reason.DicomMalformed,
    };
}
