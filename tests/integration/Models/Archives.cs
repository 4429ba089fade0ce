using System.IO.Compression;
using System.Text;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Models;

/// <summary>Zip archives, good and hostile.</summary>
internal static class Archives
{
    private const int BombMegabytes = 300;

    /// <summary>An archive of these entries, whatever their names.</summary>
    public static byte[] Of(params (string Path, byte[] Content)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, content) in entries)
            {
                using var entry = zip.CreateEntry(path).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    public static byte[] Make(string kind) => kind switch
    {
        "good" => Of(Main),
        "folder around" => Of(("threshold/main.py", Main.Content)),
        "parent path" => Of(Main, ("../evil.py", "1"u8.ToArray())),
        "parent path within" => Of(Main, ("weights/../../evil.py", "1"u8.ToArray())),
        "absolute path" => Of(Main, ("/etc/cron.d/evil", "1"u8.ToArray())),
        "backslashes" => Of(Main, ("..\\evil.py", "1"u8.ToArray())),
        "twice" => Of(Main, ("MAIN.py", "1"u8.ToArray())),
        "link" => Link(),
        "bomb" => Bomb(),
        "cut" => Of(Main)[..^30],
        "no zip" => "PK, but no archive"u8.ToArray(),
        "damaged" => Damaged(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown"),
    };

    private static (string Path, byte[] Content) Main => ("main.py", Encoding.UTF8.GetBytes(TestModels.Threshold));

    private static byte[] Link()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            var entry = zip.CreateEntry("main.py");
            const int SymbolicLink = 0xA1FF;
            entry.ExternalAttributes = SymbolicLink << 16;
            using var target = entry.Open();
            target.Write("/etc/shadow"u8);
        }

        return bytes.ToArray();
    }

    private static byte[] Bomb()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            using (var main = zip.CreateEntry("main.py").Open())
            {
                main.Write(Main.Content);
            }

            using var weights = zip.CreateEntry("weights.bin", CompressionLevel.Fastest).Open();
            var megabyte = new byte[1 << 20];
            for (var i = 0; i < BombMegabytes; i++)
            {
                weights.Write(megabyte);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>One byte of the stored content is another one: the checksum does not fit.</summary>
    private static byte[] Damaged()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var main = zip.CreateEntry("main.py", CompressionLevel.NoCompression).Open();
            main.Write(Main.Content);
        }

        var archive = bytes.ToArray();
        archive[archive.AsSpan().IndexOf("numpy"u8)] ^= 0x20;
        return archive;
    }
}
