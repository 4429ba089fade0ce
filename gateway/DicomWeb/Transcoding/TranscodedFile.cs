using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using MedCloudCare.Codecs;
using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>Writes a Part 10 file in its new transfer syntax (PS3.10 §7.1, PS3.5 annex A): meta group, attributes, pixels, rest.</summary>
internal sealed class TranscodedFile(TranscodeTarget target, string storedSyntax, PartStream output) : IAsyncDisposable
{
    private static readonly DicomTag[] OffsetTables = [DicomTags.ExtendedOffsetTable, DicomTags.ExtendedOffsetTableLengths];
    private DeflateStream? _deflate;

    private Stream Dataset => _deflate ?? (Stream)output;

    /// <summary>Writes everything before the pixel data.</summary>
    /// <param name="photometric">Of the pixels as they are sent; null: they are not touched.</param>
    /// <param name="lossyRatio">Bytes before compression to bytes after it, where this compression loses something.</param>
    public async ValueTask BeginAsync(TranscodeReader reader, Photometric? photometric, double? lossyRatio, CancellationToken cancellation)
    {
        await output.WriteAsync(Meta(reader), cancellation);
        if (target.Syntax.IsDeflated) _deflate = new DeflateStream(output, CompressionLevel.Fastest, leaveOpen: true);
        await Dataset.WriteAsync(reader.Attributes.ToArray(Edits(reader.Essentials, photometric, lossyRatio)), cancellation);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => Dataset.WriteAsync(bytes, cancellation);

    /// <summary>The header of native pixel data.</summary>
    public ValueTask BeginPixelsAsync(DicomTag tag, DicomVR vr, long length, CancellationToken cancellation)
    {
        var header = new ArrayBufferWriter<byte>(12);
        new DicomWriter(header).WriteHeader(tag, vr, (uint)(length + (length & 1)));
        return WriteAsync(header.WrittenMemory, cancellation);
    }

    /// <summary>The header of encapsulated pixel data and the basic offset table.</summary>
    /// <param name="lengths">Of the frames, padding included; empty: the table is empty.</param>
    public async ValueTask BeginFragmentsAsync(IReadOnlyCollection<int> lengths, CancellationToken cancellation)
    {
        const int ItemHeader = 8;
        var header = new ArrayBufferWriter<byte>(64);
        new DicomWriter(header).WriteHeader(DicomTags.PixelData, DicomVR.OB, 0xFFFFFFFF);
        header.Write(Delimiter(DicomDelimiters.Item, (uint)(4 * lengths.Count)));
        var offset = 0u;
        foreach (var length in lengths)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header.GetSpan(4), offset);
            header.Advance(4);
            offset += (uint)(ItemHeader + length);
        }

        await WriteAsync(header.WrittenMemory, cancellation);
    }

    /// <param name="frame">Of even length.</param>
    public async ValueTask WriteFragmentAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        await WriteAsync(Delimiter(DicomDelimiters.Item, (uint)frame.Length), cancellation);
        await WriteAsync(frame, cancellation);
    }

    public ValueTask EndFragmentsAsync(CancellationToken cancellation) => WriteAsync(Delimiter(DicomDelimiters.SequenceEnd, 0), cancellation);

    /// <summary>Writes what follows the pixel data, and ends the file.</summary>
    public async ValueTask EndAsync(ElementBuffer trailer, CancellationToken cancellation)
    {
        await WriteAsync(trailer.ToArray(new Dictionary<DicomTag, (DicomVR, byte[])?>()), cancellation);
        if (_deflate is null) return;
        await _deflate.DisposeAsync();
        _deflate = null;

        // The meta group has an even length, so that the file's is that of the deflated data set (PS3.5 §A.5).
        if (output.Length % 2 != 0) await output.WriteAsync(new byte[1], cancellation);
    }

    public ValueTask DisposeAsync() => _deflate?.DisposeAsync() ?? ValueTask.CompletedTask;

    private byte[] Meta(TranscodeReader reader)
    {
        var edits = new Dictionary<DicomTag, (DicomVR, byte[])?>
        {
            [DicomTags.TransferSyntaxUID] = (DicomVR.UI, Encoding.ASCII.GetBytes(target.Syntax.Uid)),
            [DicomTags.ImplementationClassUID] = (DicomVR.UI, Encoding.ASCII.GetBytes(DicomFile.ImplementationClassUid)),
            [DicomTags.ImplementationVersionName] = (DicomVR.SH, Encoding.ASCII.GetBytes(DicomFile.ImplementationVersionName)),
        };
        if (!reader.Meta.Contains(DicomTags.FileMetaInformationVersion)) edits[DicomTags.FileMetaInformationVersion] = (DicomVR.OB, [0, 1]);
        AddUid(DicomTags.MediaStorageSOPClassUID, DicomTags.SOPClassUID);
        AddUid(DicomTags.MediaStorageSOPInstanceUID, DicomTags.SOPInstanceUID);
        var group = reader.Meta.ToArray(edits);
        var file = new ArrayBufferWriter<byte>(group.Length + 256);
        file.Write(new byte[Preamble.Length]);
        file.Write("DICM"u8);
        new DicomWriter(file).WriteElement(new DicomElement(DicomTags.FileMetaInformationGroupLength, DicomVR.UL, BitConverter.GetBytes(group.Length)));
        file.Write(group);
        return file.WrittenSpan.ToArray();

        void AddUid(DicomTag tag, DicomTag of)
        {
            if (!reader.Meta.Contains(tag) && reader.Essentials.GetString(of) is { } uid) edits[tag] = (DicomVR.UI, Encoding.ASCII.GetBytes(uid));
        }
    }

    private Dictionary<DicomTag, (DicomVR VR, byte[] Value)?> Edits(DicomDataset essentials, Photometric? photometric, double? lossyRatio)
    {
        var edits = new Dictionary<DicomTag, (DicomVR VR, byte[] Value)?>();
        if (photometric is null) return edits;
        foreach (var table in OffsetTables) edits[table] = null;
        if (photometric.Value.Term() is { } term) edits[DicomTags.PhotometricInterpretation] = (DicomVR.CS, Encoding.ASCII.GetBytes(term));
        if (essentials.GetInt(DicomTags.SamplesPerPixel) > 1) edits[DicomTags.PlanarConfiguration] = (DicomVR.US, [0, 0]);
        AddLossy(edits, essentials, lossyRatio);
        return edits;
    }

    /// <summary>That pixels have lost something stays said, of an earlier compression as of this one (PS3.3 §C.7.6.1.1.5).</summary>
    private void AddLossy(Dictionary<DicomTag, (DicomVR VR, byte[] Value)?> edits, DicomDataset essentials, double? lossyRatio)
    {
        // JPEG 2000's general syntax may be without loss; those of JPEG's cosine transform and near-lossless JPEG-LS never are.
        var wasLossy = storedSyntax is "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" or "1.2.840.10008.1.2.4.81";
        if (lossyRatio is null && !wasLossy) return;
        edits[DicomTags.LossyImageCompression] = (DicomVR.CS, "01"u8.ToArray());
        if (lossyRatio is not { } ratio) return;
        edits[DicomTags.LossyImageCompressionRatio] = (DicomVR.DS, Appended(DicomTags.LossyImageCompressionRatio, ratio.ToString("0.##", CultureInfo.InvariantCulture)));
        edits[DicomTags.LossyImageCompressionMethod] = (DicomVR.CS, Appended(DicomTags.LossyImageCompressionMethod, "ISO_10918_1"));

        byte[] Appended(DicomTag tag, string value) => Encoding.ASCII.GetBytes(string.Join('\\', [.. essentials.GetStrings(tag), value]));
    }

    private static byte[] Delimiter(DicomTag tag, uint length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), tag.Element);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), length);
        return bytes;
    }
}
