using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>Where the parts of a stored file lie: frames and bulk data. Sealed in the database, and in manifests.</summary>
/// <param name="DatasetOffset">First byte of the data set in the file.</param>
/// <param name="IsInflated">Offsets count in the inflated data set, which starts at <paramref name="DatasetOffset"/> of the file.</param>
/// <param name="Frames">The frame index.</param>
/// <param name="BulkData">The values that the metadata refer to.</param>
internal sealed record InstanceLayout(long DatasetOffset, bool IsInflated, FrameIndex Frames, IReadOnlyList<DicomBulkData> BulkData)
{
    private const byte Version = 1;

    public static InstanceLayout Of(DicomInstanceInfo info) => new(info.DatasetOffset, info.IsInflated, info.Frames, info.BulkData);

    /// <summary>
    /// version 1 | inflated 1 | data set offset 8 | length of frame index 4, frame index | count of bulk data 4, for each:
    /// offset 8, length 8, VR 2, length of path 2, path. Big endian.
    /// </summary>
    public byte[] ToBytes()
    {
        byte[] frames = Frames.ToBytes();
        ArrayBufferWriter<byte> output = new(32 + frames.Length + (BulkData.Count * 32));
        output.Write([Version, IsInflated ? (byte)1 : (byte)0]);
        Write(output, DatasetOffset);
        Write(output, frames.Length);
        output.Write(frames);
        Write(output, BulkData.Count);
        foreach (DicomBulkData bulk in BulkData)
        {
            Write(output, bulk.Offset);
            Write(output, bulk.Length);
            output.Write(Encoding.ASCII.GetBytes(bulk.VR.Name()));
            byte[] path = Encoding.ASCII.GetBytes(bulk.Path);
            BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(2), checked((ushort)path.Length));
            output.Advance(2);
            output.Write(path);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are something else.</exception>
    public static InstanceLayout FromBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (bytes[0] != Version)
            {
                throw new InvalidDataException($"A layout of version {bytes[0]} is not known to this release.");
            }

            bool inflated = bytes[1] != 0;
            long datasetOffset = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
            int framesLength = BinaryPrimitives.ReadInt32BigEndian(bytes[10..]);
            FrameIndex frames = FrameIndex.FromBytes(bytes.Slice(14, framesLength));
            bytes = bytes[(14 + framesLength)..];
            int count = BinaryPrimitives.ReadInt32BigEndian(bytes);
            bytes = bytes[4..];
            List<DicomBulkData> bulk = new(Math.Min(count, bytes.Length / 20));
            for (int i = 0; i < count; i++)
            {
                int pathLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[18..]);
                bulk.Add(new DicomBulkData(
                    Encoding.ASCII.GetString(bytes.Slice(20, pathLength)),
                    DicomVRExtensions.ParseVR(bytes[16], bytes[17]),
                    BinaryPrimitives.ReadInt64BigEndian(bytes),
                    BinaryPrimitives.ReadInt64BigEndian(bytes[8..])));
                bytes = bytes[(20 + pathLength)..];
            }

            return new InstanceLayout(datasetOffset, inflated, frames, bulk);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("The bytes are no layout.", e);
        }
    }

    private static void Write(ArrayBufferWriter<byte> output, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    private static void Write(ArrayBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }
}
