using System.Text;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Privacy;

/// <summary>Something of a patient's that was found in clear.</summary>
internal readonly record struct Leak(string What, string Where);

/// <summary>What must not stand anywhere in clear: name, ID, accession number, physician, description, and a row of pixels.</summary>
internal sealed class Needles
{
    private readonly List<(string What, byte[] Bytes)> needles = [];

    public Needles(SyntheticSeries series)
    {
        Add("patient name", series.PatientName);
        Add("patient id", series.PatientId);
        Add("accession number", "ACC" + series.PatientId[3..]);

        // The last bytes of a file are pixels; a row through the middle of the head is like no other data.
        var file = series.Files[series.Files.Count / 2];
        needles.Add(("pixels", file[^2100..^2060]));
    }

    public int Count => needles.Count;

    /// <summary>Searches files, and their text in the encodings that a dump or a log may use.</summary>
    public IEnumerable<Leak> FindIn(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            foreach (var leak in FindIn(Read(file)))
            {
                yield return leak with { Where = file };
            }
        }
    }

    /// <summary>Searches bytes.</summary>
    public IEnumerable<Leak> FindIn(byte[] content)
    {
        foreach (var (what, bytes) in needles)
        {
            if (Forms(bytes).Any(form => content.AsSpan().IndexOf(form) >= 0))
            {
                yield return new Leak(what, "dump");
            }
        }
    }

    private void Add(string what, string value) => needles.Add((what, Encoding.UTF8.GetBytes(value)));

    private static IEnumerable<byte[]> Forms(byte[] bytes)
    {
        yield return bytes;
        yield return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes));
        yield return Encoding.ASCII.GetBytes(Convert.ToHexString(bytes));
        yield return Encoding.ASCII.GetBytes(Uri.EscapeDataString(Encoding.Latin1.GetString(bytes)));
        yield return Encoding.Unicode.GetBytes(Encoding.Latin1.GetString(bytes));
        yield return Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes[..(bytes.Length / 3 * 3)]));
    }

    private static byte[] Read(string file)
    {
        try
        {
            // Lock files, which cannot be opened while their holder lives, are empty.
            return new FileInfo(file).Length == 0 ? [] : File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // PostgreSQL renames its files while it runs.
            return [];
        }
    }
}
