using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>What a mesh keeps outside its database.</summary>
internal static class StoredFiles
{
    /// <summary>Header of a key's file, which is all that an erased one leaves so that it cannot come back (FORMAT.md, "Key store").</summary>
    private const int TombstoneLength = 5;

    /// <summary>Packs, keys of studies and packages of models, by path; without erased keys and locks.</summary>
    public static HashSet<string> Of(MeshFixture mesh) =>
        [.. from folder in (string[])["objects", "keys", "models"]
            let path = Path.Combine(mesh.Data, folder)
            where Directory.Exists(path)
            from file in new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories)
            where folder != "keys" || file.Length > TombstoneLength
            select file.FullName];
}
