using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Fuzz;

/// <summary>
/// Encodes data sets in every way of PS3.5 §7, also those that our own writer never chooses: implicit VR, big endian, deflated,
/// defined and undefined lengths. Text goes out as it is stored.
/// </summary>
public sealed class DatasetEncoder(bool isExplicit = true, bool isBigEndian = false, bool hasUndefinedLengths = true)
{
    private const uint Undefined = 0xFFFFFFFF;

    private readonly ArrayBufferWriter<byte> _output = new();

    /// <summary>Preamble, meta group and data set of a syntax. Pixels of encapsulated syntaxes are appended by <see cref="Fragments"/>.</summary>
    public static byte[] File(string syntax, DicomDataset dataset, ReadOnlySpan<byte> tail = default)
    {
        byte[] body = [.. Encode(TransferSyntax.Find(syntax), dataset), .. tail];
        return [.. Meta(syntax, dataset), .. TransferSyntax.Find(syntax) is { IsDeflated: true } ? Deflate(body) : body];
    }

    /// <summary>A data set as a syntax has it, before deflation.</summary>
    public static byte[] Encode(TransferSyntax? syntax, DicomDataset dataset) =>
        new DatasetEncoder(syntax?.IsExplicitVR ?? true, syntax?.IsBigEndian ?? false).Add(dataset).ToArray();

    /// <summary>Encapsulated PixelData (PS3.5 §A.4) of fragments, with an offset table of their starts or an empty one.</summary>
    public static byte[] Fragments(bool hasOffsets, params IReadOnlyList<byte[]> fragments)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write((byte[])[0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        writer.Write((byte[])[0xFE, 0xFF, 0, 0xE0]);
        writer.Write(hasOffsets ? fragments.Count * 4 : 0);
        for (int i = 0, at = 0; hasOffsets && i < fragments.Count; at += 8 + fragments[i].Length, i++) writer.Write(at);
        foreach (var fragment in fragments)
        {
            writer.Write((byte[])[0xFE, 0xFF, 0, 0xE0]);
            writer.Write(fragment.Length);
            writer.Write(fragment);
        }

        writer.Write((byte[])[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        return bytes.ToArray();
    }

    /// <summary>Preamble, "DICM" and a meta group of a syntax.</summary>
    public static byte[] Meta(string syntax, DicomDataset dataset)
    {
        var group = new DatasetEncoder();
        group.AddText(DicomTags.MediaStorageSOPClassUID, dataset.GetString(DicomTags.SOPClassUID) ?? "");
        group.AddText(DicomTags.MediaStorageSOPInstanceUID, dataset.GetString(DicomTags.SOPInstanceUID) ?? "");
        group.AddText(DicomTags.TransferSyntaxUID, syntax);
        var length = new DatasetEncoder().AddElement(new DicomElement(DicomTags.FileMetaInformationGroupLength, DicomVR.UL, BitConverter.GetBytes(group._output.WrittenCount)));
        return [.. new byte[Preamble.Length], .. "DICM"u8, .. length.ToArray(), .. group.ToArray()];
    }

    public static byte[] Deflate(ReadOnlySpan<byte> bytes)
    {
        using var target = new MemoryStream();
        using (var deflate = new DeflateStream(target, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(bytes);
        return target.ToArray();
    }

    public DatasetEncoder Add(DicomDataset dataset)
    {
        foreach (var element in dataset) AddElement(element);
        return this;
    }

    public DatasetEncoder AddElement(DicomElement element)
    {
        if (element.VR == DicomVR.SQ) return AddSequence(element);
        var value = element.Value.ToArray();
        if (value.Length % 2 != 0) value = [.. value, element.VR.IsText() && element.VR != DicomVR.UI ? (byte)' ' : (byte)0];
        var unit = element.VR.UnitSize();
        for (var at = 0; isBigEndian && unit > 1 && at + unit <= value.Length; at += unit) value.AsSpan(at, unit).Reverse();
        Header(element.Tag, element.VR, (uint)value.Length);
        _output.Write(value);
        return this;
    }

    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    private void AddText(DicomTag tag, string text) => AddElement(new DicomElement(tag, DicomVR.UI, Encoding.ASCII.GetBytes(text)));

    private DatasetEncoder AddSequence(DicomElement sequence)
    {
        if (hasUndefinedLengths)
        {
            Header(sequence.Tag, DicomVR.SQ, Undefined);
            foreach (var item in sequence.Items)
            {
                Delimiter(DicomDelimiters.Item, Undefined);
                Add(item);
                Delimiter(DicomDelimiters.ItemEnd, 0);
            }

            Delimiter(DicomDelimiters.SequenceEnd, 0);
            return this;
        }

        var items = new DatasetEncoder(isExplicit, isBigEndian, hasUndefinedLengths);
        foreach (var item in sequence.Items)
        {
            var content = new DatasetEncoder(isExplicit, isBigEndian, hasUndefinedLengths).Add(item)._output.WrittenSpan;
            items.Delimiter(DicomDelimiters.Item, (uint)content.Length);
            items._output.Write(content);
        }

        Header(sequence.Tag, DicomVR.SQ, (uint)items._output.WrittenCount);
        _output.Write(items._output.WrittenSpan);
        return this;
    }

    private void Header(DicomTag tag, DicomVR vr, uint length)
    {
        Short(tag.Group);
        Short(tag.Element);
        if (!isExplicit)
        {
            Long(length);
            return;
        }

        _output.Write(Encoding.ASCII.GetBytes(vr.Name()));
        if (!vr.HasLongLength())
        {
            Short(checked((ushort)length));
            return;
        }

        Short(0);
        Long(length);
    }

    private void Delimiter(DicomTag tag, uint length)
    {
        Short(tag.Group);
        Short(tag.Element);
        Long(length);
    }

    private void Short(ushort value)
    {
        var bytes = _output.GetSpan(2);
        if (isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _output.Advance(2);
    }

    private void Long(uint value)
    {
        var bytes = _output.GetSpan(4);
        if (isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _output.Advance(4);
    }
}
