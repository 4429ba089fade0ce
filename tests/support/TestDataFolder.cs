namespace MedCloudCare.TestSupport;

/// <summary>Optional real data for tests: a folder with <c>mr-t1-sag</c> and others in it.</summary>
internal static class TestDataFolder
{
    /// <summary>What MCC_TEST_DATA names, else a folder <c>data</c> in one beside the checkout; null where there is none.</summary>
    public static string? Find(string root)
    {
        var named = Environment.GetEnvironmentVariable("MCC_TEST_DATA");
        var beside = Directory.GetParent(root)?.EnumerateDirectories().Select(d => Path.Combine(d.FullName, "data")) ?? [];
        return (named is { Length: > 0 } ? [named] : beside).FirstOrDefault(d => Directory.Exists(Path.Combine(d, "mr-t1-sag")));
    }
}
