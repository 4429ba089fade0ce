using System.Diagnostics;
using System.Text.Json;
using MedCloudCare.Codecs;

namespace MedCloudCare.Codec.Tests;

/// <summary>pixels.py: pydicom, GDCM and numpy.</summary>
internal static class Reference
{
    public const string Python = "/usr/bin/python3";

    private static readonly string s_script = Path.Combine(AppContext.BaseDirectory, "pixels.py");

    /// <summary>Decodes files; path → description. The frames are in <paramref name="folder"/> as NAME.FRAME.raw.</summary>
    public static Dictionary<string, JsonElement> Decode(string folder, params IEnumerable<string> paths) =>
        Run([s_script, "decode", folder, .. paths]).Split('\n').Where(l => l.StartsWith('{'))
            .Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(e => e.GetProperty("path").GetString()!);

    /// <summary>Decodes frames that were encoded here, by GDCM or pydicom.</summary>
    /// <returns>All samples, little endian, by pixel.</returns>
    public static byte[] DecodeFrames(string syntax, FrameFormat format, string photometric, IReadOnlyList<byte[]> frames)
    {
        using var folder = new TemporaryFolder();
        var names = frames.Select((f, i) =>
        {
            var name = Path.Combine(folder.Path, $"{i}.bin");
            File.WriteAllBytes(name, f.Length % 2 == 0 ? f : [.. f, 0]);
            return name;
        }).ToList();
        var wanted = Path.Combine(folder.Path, "wanted.json");
        File.WriteAllText(wanted, JsonSerializer.Serialize(new
        {
            syntax,
            frames = names,
            attributes = new Dictionary<string, object>
            {
                ["Rows"] = format.Rows, ["Columns"] = format.Columns, ["SamplesPerPixel"] = format.Samples, ["BitsAllocated"] = format.BitsAllocated,
                ["BitsStored"] = format.BitsStored, ["HighBit"] = format.HighBit, ["PixelRepresentation"] = format.IsSigned ? 1 : 0,
                ["PhotometricInterpretation"] = photometric, ["PlanarConfiguration"] = 0,
            },
        }));
        Run([s_script, "wrap", wanted]);
        return File.ReadAllBytes(wanted + ".raw");
    }

    public static string Run(IEnumerable<string> arguments)
    {
        Skip.IfNot(File.Exists(Python), "Debian's Python is not installed.");
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}

internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mcc-codec-");

    public string Path => _directory.FullName;

    public void Dispose() => _directory.Delete(recursive: true);
}
