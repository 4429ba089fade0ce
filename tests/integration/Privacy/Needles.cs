using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Privacy;

/// <summary>Something of a patient's that was found in clear.</summary>
internal readonly record struct Leak(string What, string Where);

/// <summary>What must not stand anywhere in clear: values of identifying attributes, and a row of pixels.</summary>
internal sealed class Needles
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<(string What, byte[][] Forms)> needles = [];

    /// <summary>Name, ID, accession number and pixels of a series.</summary>
    public Needles(SyntheticSeries series) : this(series.Files[series.Files.Count / 2])
    {
        Add("PatientName", series.PatientName);
        Add("PatientID", series.PatientId);
        Add("AccessionNumber", "ACC" + series.PatientId[3..]);
    }

    /// <summary>The last bytes of a file are pixels; a row through the middle of the head is like no other data.</summary>
    public Needles(byte[] file) => needles.Add(("pixels", [.. FormsOf(file[^2100..^2060])]));

    public int Count => needles.Count;

    public void Add(string what, string value) => needles.Add((what, [.. FormsOf(value).Distinct(Bytes.Comparer)]));

    /// <summary>Searches files.</summary>
    public IEnumerable<Leak> FindIn(IEnumerable<string> files) => files.SelectMany(file => FindIn(Read(file), file));

    /// <summary>Searches bytes for the values in the encodings that a dump, a log or a trace may use.</summary>
    public IEnumerable<Leak> FindIn(byte[] content, string where = "dump")
    {
        foreach (var (what, forms) in needles)
        {
            if (forms.Any(form => content.AsSpan().IndexOf(form) >= 0))
            {
                yield return new Leak(what, where);
            }
        }
    }

    private static IEnumerable<byte[]> FormsOf(string value)
    {
        var utf8 = Encoding.UTF8.GetBytes(value);
        yield return Encoding.Unicode.GetBytes(value);
        yield return Encoding.BigEndianUnicode.GetBytes(value);
        yield return Ascii(Uri.EscapeDataString(value));
        yield return Ascii(Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal));
        yield return Ascii(JavaScriptEncoder.Default.Encode(value));
        yield return Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value, Relaxed)[1..^1]);
        foreach (var form in FormsOf(utf8))
        {
            yield return form;
        }
    }

    private static IEnumerable<byte[]> FormsOf(byte[] bytes)
    {
        yield return bytes;
        yield return Ascii(Convert.ToHexStringLower(bytes));
        yield return Ascii(Convert.ToHexString(bytes));

        // Within other text that is encoded with it, the value may begin at any of three places of a group.
        for (var before = 0; before < 3; before++)
        {
            var text = Convert.ToBase64String([.. new byte[before], .. bytes]);
            var start = before == 0 ? 0 : before + 1;
            var whole = (before + bytes.Length) / 3 * 4;
            if (whole - start >= 8)
            {
                yield return Ascii(text[start..whole]);
                yield return Ascii(text[start..whole].Replace('+', '-').Replace('/', '_'));
            }
        }
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

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

    private sealed class Bytes : IEqualityComparer<byte[]>
    {
        public static readonly Bytes Comparer = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            HashCode hash = default;
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
