using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>Associated data of what study seals: one place, since sealing and opening must agree.</summary>
internal static class StudySeals
{
    public static byte[] Instance(Guid study, string sopInstanceUid) =>
        AssociatedData.Of("medcloudcare/instance/v1", study.ToString("D"), sopInstanceUid);

    public static byte[] StudyAttributes(Guid study) => AssociatedData.ForColumn("studies", study, "attributes");

    public static byte[] SeriesAttributes(Guid series) => AssociatedData.ForColumn("series", series, "attributes");

    public static byte[] Layout(Guid instance) => AssociatedData.ForColumn("instances", instance, "layout");

    public static byte[] Metadata(Guid batch) => AssociatedData.ForColumn("metadata_batches", batch, "content");
}
