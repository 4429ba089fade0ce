using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MedCloudCare.Dicom;

public sealed partial class DicomDataset
{
    /// <summary>The first value as text, or null when absent or empty.</summary>
    public string? GetString(DicomTag tag) =>
        Find(tag) is { } element && element.Strings is { Count: > 0 } values && values[0].Length > 0 ? values[0] : null;

    /// <summary>All values as text; empty when absent.</summary>
    public IReadOnlyList<string> GetStrings(DicomTag tag) => Find(tag)?.Strings ?? [];

    /// <summary>The first value as a number, or null when absent, empty or not a number.</summary>
    public double? GetDouble(DicomTag tag) =>
        Find(tag) is { } element && element.Numbers is { Count: > 0 } values && !double.IsNaN(values[0]) ? values[0] : null;

    /// <summary>All values as numbers; empty when absent.</summary>
    public IReadOnlyList<double> GetDoubles(DicomTag tag) => Find(tag)?.Numbers ?? [];

    /// <summary>The first value as an integer, or null when absent, empty, out of range or not a number.</summary>
    public int? GetInt(DicomTag tag) => GetDouble(tag) is { } value && value is >= int.MinValue and <= int.MaxValue ? (int)value : null;

    /// <summary>The items of a sequence; empty when absent.</summary>
    public IReadOnlyList<DicomDataset> GetItems(DicomTag tag) => Find(tag)?.Items ?? [];

    /// <summary>The first item of a sequence, or null.</summary>
    public DicomDataset? GetItem(DicomTag tag) => GetItems(tag) is { Count: > 0 } items ? items[0] : null;

    /// <summary>Sets an element without a value (type 2); the VR is the dictionary's.</summary>
    public DicomDataset Set(DicomTag tag) => Set(tag, DicomDictionary.VROf(tag), Array.Empty<string>());

    /// <summary>Sets text values; the VR is the dictionary's.</summary>
    public DicomDataset Set(DicomTag tag, params string[] values) => Set(tag, DicomDictionary.VROf(tag), values);

    /// <summary>Sets text values of a given VR, which must be a text VR.</summary>
    public DicomDataset Set(DicomTag tag, DicomVR vr, params string[] values)
    {
        if (vr == DicomVR.SQ && values.Length == 0) return SetItems(tag);
        if (!vr.IsText() && values.Length > 0) throw new ArgumentException($"{tag} is {vr}, not text.", nameof(tag));
        return Set(new DicomElement(tag, vr, DicomText.Encode(string.Join('\\', values), vr)));
    }

    /// <summary>Sets numbers; the VR is the dictionary's: any binary number, IS or DS.</summary>
    public DicomDataset Set(DicomTag tag, params ReadOnlySpan<double> values) => Set(tag, DicomDictionary.VROf(tag), values);

    /// <inheritdoc cref="Set(DicomTag, ReadOnlySpan{double})"/>
    public DicomDataset Set(DicomTag tag, DicomVR vr, params ReadOnlySpan<double> values) =>
        Set(new DicomElement(tag, vr, DicomValues.Encode(vr, values)));

    /// <summary>Sets the items of a sequence.</summary>
    public DicomDataset SetItems(DicomTag tag, params IReadOnlyList<DicomDataset> items) => Set(new DicomElement(tag, items));

    /// <summary>Sets bytes as they are to be stored, little-endian.</summary>
    public DicomDataset SetBytes(DicomTag tag, DicomVR vr, ReadOnlyMemory<byte> value) => Set(new DicomElement(tag, vr, value));

    /// <summary>Sets an attribute tag (VR AT).</summary>
    public DicomDataset SetTags(DicomTag tag, params ReadOnlySpan<DicomTag> values)
    {
        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 4), values[i].Group);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((i * 4) + 2), values[i].Element);
        }

        return Set(new DicomElement(tag, DicomVR.AT, bytes));
    }

    /// <summary>Sets DA and TM, or DT, from a moment.</summary>
    public DicomDataset Set(DicomTag tag, DateTimeOffset moment) => DicomDictionary.VROf(tag) switch
    {
        DicomVR.DA => Set(tag, moment.ToString("yyyyMMdd", CultureInfo.InvariantCulture)),
        DicomVR.TM => Set(tag, moment.ToString("HHmmss", CultureInfo.InvariantCulture)),
        DicomVR.DT => Set(tag, moment.ToString("yyyyMMddHHmmsszzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal)),
        var vr => throw new ArgumentException($"{tag} is {vr}, not a date or time.", nameof(tag)),
    };

    /// <summary>Reads one data set of DICOM JSON (PS3.18 annex F), UTF-8.</summary>
    /// <exception cref="DicomException"><see cref="DicomError.InvalidJson"/>.</exception>
    public static DicomDataset FromJson(ReadOnlySpan<byte> json, DicomReadOptions? options = null) => DicomJsonReader.Read(json, options ?? DicomReadOptions.Default);

    /// <summary>Writes DICOM JSON (PS3.18 annex F), UTF-8.</summary>
    public byte[] ToJson() => DicomJsonWriter.ToArray(this);
}
