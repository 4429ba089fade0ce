using System.Buffers.Binary;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>
/// Elements written in Explicit VR Little Endian as tokens bring them, values byte for byte as they are (only their byte order
/// may change), with the places of those of the root, so that some can be replaced afterwards.
/// </summary>
internal sealed class ElementBuffer
{
    /// <summary>Attributes of one instance; pixel data are not kept here.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    private const uint Undefined = 0xFFFFFFFF;
    private const int MaxShortLength = 0xFFFE;
    private readonly List<(DicomTag Tag, int Start)> _roots = [];
    private byte[] _bytes = new byte[4096];
    private int _valueStart;
    private DicomVR _vr;

    public int Length { get; private set; }

    /// <summary>The value that has just been written, without padding.</summary>
    public ReadOnlyMemory<byte> Value => _bytes.AsMemory(_valueStart, Length - _valueStart);

    public bool Contains(DicomTag tag) => _roots.Exists(r => r.Tag == tag);

    public void BeginRoot(DicomTag tag) => _roots.Add((tag, Length));

    public void BeginElement(DicomTag tag, DicomVR vr, long length)
    {
        _vr = vr;
        WriteHeader(tag, vr, (uint)(length + (length & 1)));
        _valueStart = Length;
    }

    public void WriteValue(ReadOnlySpan<byte> value) => Append(value);

    public void EndElement(bool isBigEndian)
    {
        var value = _bytes.AsSpan(_valueStart, Length - _valueStart);
        var unit = isBigEndian ? _vr.UnitSize() : 1;
        for (; unit > 1 && value.Length >= unit; value = value[unit..]) value[..unit].Reverse();
    }

    /// <summary>Makes the length even; the value as it was is <see cref="Value"/> before.</summary>
    public void Pad()
    {
        if (((Length - _valueStart) & 1) != 0) Append([_vr.IsText() && _vr != DicomVR.UI ? (byte)' ' : (byte)0]);
    }

    public void BeginSequence(DicomTag tag) => WriteHeader(tag, DicomVR.SQ, Undefined);

    public void BeginItem() => WriteDelimiter(DicomDelimiters.Item, Undefined);

    public void EndItem() => WriteDelimiter(DicomDelimiters.ItemEnd, 0);

    public void EndSequence() => WriteDelimiter(DicomDelimiters.SequenceEnd, 0);

    /// <summary>A whole element of the root.</summary>
    public void WriteElement(DicomTag tag, DicomVR vr, ReadOnlySpan<byte> value)
    {
        BeginRoot(tag);
        BeginElement(tag, vr, value.Length);
        WriteValue(value);
        Pad();
    }

    /// <summary>The elements in order, with those of <paramref name="edits"/> in the place of ones of the same tag.</summary>
    /// <param name="edits">Null: the element is left out.</param>
    public byte[] ToArray(IReadOnlyDictionary<DicomTag, (DicomVR VR, byte[] Value)?> edits)
    {
        var output = new ElementBuffer();
        var added = edits.Where(e => e.Value is not null).OrderBy(e => e.Key.Value).ToList();
        var next = 0;
        for (var i = 0; i < _roots.Count; i++)
        {
            var (tag, start) = _roots[i];
            for (; next < added.Count && added[next].Key.Value <= tag.Value; next++) output.WriteElement(added[next].Key, added[next].Value!.Value.VR, added[next].Value!.Value.Value);
            if (!edits.ContainsKey(tag)) output.Append(_bytes.AsSpan(start, (i + 1 < _roots.Count ? _roots[i + 1].Start : Length) - start));
        }

        for (; next < added.Count; next++) output.WriteElement(added[next].Key, added[next].Value!.Value.VR, added[next].Value!.Value.Value);
        return output._bytes.AsSpan(0, output.Length).ToArray();
    }

    private void WriteHeader(DicomTag tag, DicomVR vr, uint length)
    {
        // A short form cannot hold what an implicit VR data set may: such a value goes as UN (PS3.5 §6.2.2 note 2).
        if (length > MaxShortLength && !vr.HasLongLength()) vr = DicomVR.UN;
        Span<byte> header = stackalloc byte[12];
        WriteTag(header, tag);
        var name = vr.Name();
        (header[4], header[5]) = ((byte)name[0], (byte)name[1]);
        if (vr.HasLongLength())
        {
            header[6] = header[7] = 0;
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], length);
            Append(header);
            return;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)length);
        Append(header[..8]);
    }

    private void WriteDelimiter(DicomTag tag, uint length)
    {
        Span<byte> header = stackalloc byte[8];
        WriteTag(header, tag);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length);
        Append(header);
    }

    private static void WriteTag(Span<byte> bytes, DicomTag tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], tag.Element);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (Length + (long)bytes.Length > MaxBytes) throw MeshErrors.Limit("bytes of an instance's attributes", MaxBytes);
        if (Length + bytes.Length > _bytes.Length) Array.Resize(ref _bytes, Math.Min(MaxBytes, Math.Max(Length + bytes.Length, 2 * _bytes.Length)));
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }
}
