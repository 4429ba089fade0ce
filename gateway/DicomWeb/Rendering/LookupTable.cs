using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>A table of values (PS3.3 §C.11.1.1, §C.11.2.1.1, §C.7.6.3.1.5): what is below or above it gets its first or last entry.</summary>
/// <param name="First">The value that the first entry stands for.</param>
/// <param name="Bits">Of an entry, 8 to 16.</param>
internal sealed record LookupTable(int First, int Bits, ushort[] Entries)
{
    /// <summary>The largest value that an entry can have.</summary>
    public double Largest => (1 << Bits) - 1;

    public ushort this[double value] => Entries[(int)Math.Clamp(Math.Floor(value) - First, 0, Entries.Length - 1)];

    /// <summary>A table of its descriptor and data, or null where they are missing or contradict each other.</summary>
    /// <param name="isSigned">Whether the values that it is applied to may be negative.</param>
    public static LookupTable? Of(DicomDataset dataset, DicomTag descriptor, DicomTag data, bool isSigned)
    {
        if (dataset.GetDoubles(descriptor) is not [var length, var start, var bits] || bits is not (>= 8 and <= 16) || dataset.Find(data) is not { } element) return null;
        var count = length == 0 ? 0x10000 : (int)length;
        if (count is < 1 or > 0x10000) return null;
        var first = isSigned && start > short.MaxValue ? (int)start - 0x10000 : (int)start;
        var bytes = element.Value.Span;
        var entries = new ushort[count];
        if (bytes.Length >= 2 * count)
        {
            for (var i = 0; i < count; i++) entries[i] = (ushort)(bytes[2 * i] | (bytes[(2 * i) + 1] << 8));
        }
        else if (bits == 8 && bytes.Length >= count)
        {
            for (var i = 0; i < count; i++) entries[i] = bytes[i];
        }
        else
        {
            return null;
        }

        return new LookupTable(first, (int)bits, entries);
    }
}
