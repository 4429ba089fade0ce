using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>
/// Writes data sets in Explicit VR Little Endian (PS3.5 §7.1.2) to a buffer: values padded to even length, sequences and
/// items of undefined length, text as UTF-8. Whole files: <see cref="DicomFile"/>.
/// </summary>
public sealed class DicomWriter(IBufferWriter<byte> output)
{
    private const uint Undefined = 0xFFFFFFFF;
    private const int MaxShortLength = 0xFFFE;

    /// <summary>Writes the elements in order. Group lengths and group 0002 are left out; (0008,0005) of items as well.</summary>
    /// <exception cref="InvalidOperationException">An element refers to bulk data, whose bytes are elsewhere.</exception>
    public void WriteDataset(DicomDataset dataset) => WriteElements(dataset, isItem: false);

    /// <summary>Writes one element, a sequence with all its items included.</summary>
    public void WriteElement(DicomElement element)
    {
        if (element.Bulk is not null) throw new InvalidOperationException($"{element.Tag} refers to bulk data and cannot be written.");
        if (element.VR == DicomVR.SQ)
        {
            WriteSequence(element);
            return;
        }

        var value = Utf8Value(element);
        // Bytes after the last whole number of a damaged value: padding would make a number of them.
        if (NumberSize(element.VR) is > 1 and var size) value = value[..(value.Length - (value.Length % size))];
        var padded = value.Length + (value.Length & 1);
        // A text grown beyond 16 bits by UTF-8, or an over-long binary list, goes as UN with its 32-bit length (PS3.5 §6.2.2 note 2).
        var vr = padded > MaxShortLength && !element.VR.HasLongLength() ? DicomVR.UN : element.VR;
        WriteHeader(element.Tag, vr, (uint)padded);
        output.Write(value.Span);
        if (padded != value.Length) WriteByte(PaddingOf(element.VR));
    }

    /// <summary>Writes tag, VR and length; the caller writes as many bytes of value.</summary>
    public void WriteHeader(DicomTag tag, DicomVR vr, uint length)
    {
        var header = output.GetSpan(12);
        WriteTag(header, tag);
        var name = vr.Name();
        header[4] = (byte)name[0];
        header[5] = (byte)name[1];
        if (vr.HasLongLength())
        {
            header[6] = header[7] = 0;
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], length);
            output.Advance(12);
            return;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], checked((ushort)length));
        output.Advance(8);
    }

    private void WriteElements(DicomDataset dataset, bool isItem)
    {
        foreach (var element in dataset)
        {
            var leftOut = element.Tag.IsGroupLength || element.Tag.IsFileMeta || (isItem && element.Tag == DicomTags.SpecificCharacterSet);
            if (!leftOut) WriteElement(element);
        }
    }

    private void WriteSequence(DicomElement element)
    {
        if (element.Items.Count == 0)
        {
            WriteHeader(element.Tag, DicomVR.SQ, 0);
            return;
        }

        WriteHeader(element.Tag, DicomVR.SQ, Undefined);
        foreach (var item in element.Items)
        {
            WriteDelimiter(DicomDelimiters.Item, Undefined);
            WriteElements(item, isItem: true);
            WriteDelimiter(DicomDelimiters.ItemEnd, 0);
        }

        WriteDelimiter(DicomDelimiters.SequenceEnd, 0);
    }

    private void WriteDelimiter(DicomTag tag, uint length)
    {
        var header = output.GetSpan(8);
        WriteTag(header, tag);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length);
        output.Advance(8);
    }

    private void WriteByte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    private static void WriteTag(Span<byte> bytes, DicomTag tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], tag.Element);
    }

    private static int NumberSize(DicomVR vr) => vr == DicomVR.AT ? 4 : vr.IsBulk() ? 1 : vr.UnitSize();

    private static byte PaddingOf(DicomVR vr) => vr.IsText() && vr != DicomVR.UI ? (byte)' ' : (byte)0;

    private static ReadOnlyMemory<byte> Utf8Value(DicomElement element) =>
        element.VR.UsesCharacterSet() && (!Ascii.IsValid(element.Value.Span) || element.Value.Span.Contains((byte)0x1B)) ? Encoding.UTF8.GetBytes(element.Text) : element.Value;
}

/// <summary>Tags that frame items, PS3.5 §7.5.</summary>
public static class DicomDelimiters
{
    public static DicomTag Item => new(0xFFFE, 0xE000);

    public static DicomTag ItemEnd => new(0xFFFE, 0xE00D);

    public static DicomTag SequenceEnd => new(0xFFFE, 0xE0DD);
}
