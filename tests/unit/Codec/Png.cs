namespace MedCloudCare.Codec.Tests;

/// <summary>PNG as Pillow reads it.</summary>
internal static class Png
{
    private const string Script = "import sys; from PIL import Image; i = Image.open(sys.argv[1]); i.load(); assert i.format == 'PNG' and i.mode in ('L', 'RGB'); open(sys.argv[2], 'wb').write(i.tobytes())";

    public static byte[] Decode(ReadOnlySpan<byte> png, string folder)
    {
        var (from, to) = (Path.Combine(folder, "picture.png"), Path.Combine(folder, "picture.samples"));
        File.WriteAllBytes(from, png);
        Reference.Run(["-c", Script, from, to]);
        return File.ReadAllBytes(to);
    }
}
