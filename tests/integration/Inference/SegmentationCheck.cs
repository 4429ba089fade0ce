using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Inference;

/// <summary>Reads a segmentation with pydicom and dciodvfy and compares it with what the threshold model computes.</summary>
internal static class SegmentationCheck
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Inference", "check_threshold.py");

    public static async Task AssertEqualsThresholdAsync(byte[] segmentation, SyntheticSeries source)
    {
        var directory = Directory.CreateTempSubdirectory("mcc-seg-");
        try
        {
            var file = Path.Combine(directory.FullName, "seg.dcm");
            await File.WriteAllBytesAsync(file, segmentation);
            for (var i = 0; i < source.Files.Count; i++)
            {
                await File.WriteAllBytesAsync(Path.Combine(directory.FullName, $"source-{i}.dcm"), source.Files[i]);
            }

            (await Programs.RunAsync(Programs.Python, [Script, file, directory.FullName])).EnsureSuccess();
            var verdict = await Programs.RunAsync("dciodvfy", [file]);
            Assert.DoesNotContain("Error", verdict.Output + verdict.Error, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
