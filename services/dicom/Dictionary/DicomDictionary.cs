using System.Globalization;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>An entry of the registry of data elements.</summary>
/// <param name="VR">The value representation; the first one where the standard allows several.</param>
/// <param name="AlternativeVR">The second one ("US or SS", "OB or OW"), else <see cref="DicomVR.None"/>.</param>
/// <param name="VM">The value multiplicity as the standard writes it ("1", "1-n", "3-3n").</param>
public sealed record DicomDictionaryEntry(
    DicomTag Tag, DicomVR VR, DicomVR AlternativeVR, string VM, string Keyword, string Name, bool IsRetired);

/// <summary>The registry of data elements, PS3.6, with its repeating groups (50xx, 60xx, …). Look-ups allocate nothing.</summary>
public static class DicomDictionary
{
    private static readonly Lazy<Tables> Loaded = new(Load);

    /// <summary>The entry of a tag, or null: private, unknown, or a delimiter.</summary>
    public static DicomDictionaryEntry? Find(DicomTag tag)
    {
        if (tag.IsPrivate) return null;
        var tables = Loaded.Value;
        if (tables.ByTag.TryGetValue(tag.Value, out var entry)) return entry;
        foreach (var (mask, pattern, repeater) in tables.Repeaters)
        {
            if ((tag.Value & mask) == pattern) return repeater;
        }

        return null;
    }

    /// <summary>The VR an implicit VR data set means; private creators are LO, group lengths UL, unknown ones UN (PS3.5 §6.2.2).</summary>
    public static DicomVR VROf(DicomTag tag)
    {
        if (tag.IsGroupLength) return DicomVR.UL;
        if (tag.IsPrivateCreator) return DicomVR.LO;
        var vr = Find(tag)?.VR ?? DicomVR.UN;
        return vr == DicomVR.None ? DicomVR.UN : vr;
    }

    /// <summary>The tag of a keyword ("PatientName"). Repeating groups have no single tag and are not found.</summary>
    public static bool TryGetTag(ReadOnlySpan<char> keyword, out DicomTag tag)
    {
        var found = Loaded.Value.Keywords.TryGetValue(keyword, out var entry);
        tag = found ? entry!.Tag : default;
        return found;
    }

    private static Tables Load()
    {
        var byTag = new Dictionary<uint, DicomDictionaryEntry>(5200);
        var byKeyword = new Dictionary<string, DicomDictionaryEntry>(5200, StringComparer.Ordinal);
        var repeaters = new List<Repeater>();
        var vms = new Dictionary<string, string>(StringComparer.Ordinal);

        using var reader = new StreamReader(typeof(DicomDictionary).Assembly.GetManifestResourceStream("elements.tsv")!, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split('\t');
            var vrs = fields[1].Split('/');
            if (!vms.TryGetValue(fields[2], out var vm)) vms.Add(vm = fields[2], vm);

            var wild = fields[0].Contains('x', StringComparison.Ordinal);
            var pattern = uint.Parse(fields[0].Replace('x', '0'), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            var entry = new DicomDictionaryEntry(
                new DicomTag(pattern), DicomVRExtensions.ParseVR(vrs[0]), vrs.Length > 1 ? DicomVRExtensions.ParseVR(vrs[1]) : DicomVR.None,
                vm, fields[3], fields[4], fields[5] == "R");
            if (wild)
            {
                repeaters.Add(new Repeater(MaskOf(fields[0]), pattern, entry));
                continue;
            }

            byTag.Add(pattern, entry);
            if (entry.Keyword.Length > 0) byKeyword.TryAdd(entry.Keyword, entry);
        }

        return new Tables(
            byTag, byKeyword.GetAlternateLookup<ReadOnlySpan<char>>(), [.. repeaters]);
    }

    private static uint MaskOf(string wild)
    {
        var mask = 0u;
        foreach (var c in wild) mask = (mask << 4) | (c == 'x' ? 0u : 0xFu);
        return mask;
    }

    private readonly record struct Repeater(uint Mask, uint Pattern, DicomDictionaryEntry Entry);

    private sealed record Tables(
        Dictionary<uint, DicomDictionaryEntry> ByTag,
        Dictionary<string, DicomDictionaryEntry>.AlternateLookup<ReadOnlySpan<char>> Keywords,
        Repeater[] Repeaters);
}
