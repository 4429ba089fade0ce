namespace MedCloudCare.Studies;

/// <summary>Opens the object store that the options name.</summary>
internal static class ObjectStores
{
    /// <exception cref="InvalidOperationException">The options are wrong; says what.</exception>
    public static IObjectStore Open(StudyOptions options) =>
        S3Settings.IsS3(options.Objects) ? new S3ObjectStore(S3Settings.Of(options)) : new DirectoryObjectStore(options.Objects);
}
