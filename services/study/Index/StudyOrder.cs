namespace MedCloudCare.Studies;

/// <summary>
/// An order of lists. Texts are compared in upper case by code points. Where two studies are equal in it, the one of the newer
/// study date comes first, then by id.
/// </summary>
internal readonly record struct StudyOrder(StudyOrder.Key By, bool IsDescending)
{
    public enum Key
    {
        StudyDate, CreateTime, PatientName, PatientId, StudyDescription,
    }

    /// <summary>The field that is compared, if it is a text.</summary>
    public StudyField? Text => By switch
    {
        Key.PatientName => StudyField.PatientName,
        Key.PatientId => StudyField.PatientId,
        Key.StudyDescription => StudyField.StudyDescription,
        _ => null,
    };
}
