using System.Buffers.Binary;
using MedCloudCare.Codecs;
using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.Pixels;

/// <summary>Attributes of images (PS3.3 §C.7.6.3) as formats of frames, and native frames as the codec takes them.</summary>
internal static class FrameFormats
{
    /// <summary>The format of an image's frames; null where the data set has no pixel attributes.</summary>
    /// <remarks>Bits of one-bit images have a cell each once <see cref="UnpackBits"/> has run.</remarks>
    public static FrameFormat? Of(DicomDataset dataset)
    {
        var (rows, columns) = (dataset.GetInt(DicomTags.Rows) ?? 0, dataset.GetInt(DicomTags.Columns) ?? 0);
        var allocated = dataset.GetInt(DicomTags.BitsAllocated) ?? 0;
        if (rows < 1 || columns < 1 || allocated < 1) return null;
        var stored = dataset.GetInt(DicomTags.BitsStored) ?? allocated;
        return new FrameFormat
        {
            Rows = rows,
            Columns = columns,
            Samples = dataset.GetInt(DicomTags.SamplesPerPixel) ?? 1,
            BitsAllocated = allocated == 1 ? 8 : allocated,
            BitsStored = stored,
            HighBit = dataset.GetInt(DicomTags.HighBit) ?? (stored - 1),
            IsSigned = dataset.GetInt(DicomTags.PixelRepresentation) == 1,
            IsPlanar = dataset.GetInt(DicomTags.PlanarConfiguration) == 1,
            Photometric = Photometrics.Parse(dataset.GetString(DicomTags.PhotometricInterpretation)),
        };
    }

    /// <summary>Whether a cell is a single bit, eight in a byte.</summary>
    public static bool IsOneBit(DicomDataset dataset) => dataset.GetInt(DicomTags.BitsAllocated) == 1;

    public static int CountOf(DicomDataset dataset) => Math.Max(1, dataset.GetInt(DicomTags.NumberOfFrames) ?? 1);

    /// <summary>Native big endian cells to little endian, in place. Bytes are in words only where the value is OW.</summary>
    public static void SwapBytes(Span<byte> cells, int bitsAllocated, DicomVR vr)
    {
        var unit = bitsAllocated > 8 ? bitsAllocated / 8 : vr == DicomVR.OW ? 2 : 1;
        if (unit == 1) return;
        for (; cells.Length >= unit; cells = cells[unit..])
        {
            if (unit == 2) BinaryPrimitives.WriteUInt16LittleEndian(cells, BinaryPrimitives.ReadUInt16BigEndian(cells));
            else cells[..unit].Reverse();
        }
    }

    /// <summary>Bits, the first one lowest in a byte (PS3.5 §8.1.1), into a byte each.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE: the frame is too short.</exception>
    public static byte[] UnpackBits(ReadOnlySpan<byte> frame, FrameFormat format)
    {
        var cells = new byte[format.DecodedBytes];
        if (frame.Length < (cells.Length + 7) / 8) throw PixelCodec.Refused("a frame is shorter than its rows and columns");
        for (var i = 0; i < cells.Length; i++) cells[i] = (byte)((frame[i >> 3] >> (i & 7)) & 1);
        return cells;
    }
}
