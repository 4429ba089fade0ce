using System.Buffers;
using MedCloudCare.Codecs;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Pixels;

namespace MedCloudCare.Codec.Tests;

/// <summary>The frames of a DICOM file, as our own scanner finds them.</summary>
internal sealed record StoredImage(string Path, DicomInstanceInfo Info, FrameFormat Format, IReadOnlyList<byte[]> Frames)
{
    private const string Folder = "/usr/lib/python3/dist-packages/pydicom/data/test_files";

    public string Syntax => Info.TransferSyntaxUid;

    public bool IsOneBit => FrameFormats.IsOneBit(Info.Dataset);

    /// <summary>pydicom's test files; none where it is not installed.</summary>
    public static IEnumerable<string> Files => Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder, "*.dcm").Order(StringComparer.Ordinal) : [];

    public static string FileNamed(string name) =>
        Files.FirstOrDefault(f => System.IO.Path.GetFileName(f) == name) ?? throw new SkipException("Debian's python3-pydicom is not installed.");

    /// <summary>Null where the file has no image, or cannot be read.</summary>
    public static StoredImage? TryRead(string path)
    {
        var file = File.ReadAllBytes(path);
        DicomInstanceInfo info;
        try
        {
            info = DicomInstanceScanner.Scan(file, DicomReadOptions.Default with { RequireIdentifiers = false });
        }
        catch (DicomException)
        {
            return null;
        }

        if (info.IsInflated || FrameFormats.Of(info.Dataset) is not { } format || info.Frames.Count == 0) return null;
        var frames = new List<byte[]>();
        for (var i = 0; i < info.Frames.Count; i++)
        {
            var location = info.Frames[i];
            var frame = new ArrayBufferWriter<byte>();
            location.Assemble(file.AsSpan((int)location.Offset, (int)location.Length), frame);
            var bytes = frame.WrittenSpan.ToArray();
            if (info.TransferSyntaxUid == TransferSyntax.ExplicitVRBigEndian.Uid)
            {
                FrameFormats.SwapBytes(bytes, FrameFormats.IsOneBit(info.Dataset) ? 1 : format.BitsAllocated, info.Dataset.Find(DicomTags.PixelData)!.VR);
            }

            frames.Add(bytes);
        }

        return new StoredImage(path, info, format, frames);
    }

    public static StoredImage Read(string name) => TryRead(FileNamed(name)) ?? throw new InvalidOperationException(name + " has no image.");
}
