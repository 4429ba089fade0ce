using System.Runtime.InteropServices;
using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>Label numbers of voxels: slices × rows × columns in C order, unsigned, 1 or 2 bytes little-endian; 0 is background.</summary>
public sealed class Labelmap
{
    /// <exception cref="DerivedObjectException">The bytes do not fit the shape.</exception>
    public Labelmap(ReadOnlyMemory<byte> voxels, int slices, int rows, int columns, int bytesPerVoxel)
    {
        if (slices < 1 || rows is < 1 or > ushort.MaxValue || columns is < 1 or > ushort.MaxValue) throw new DerivedObjectException("The segmentation has no voxels, or more rows or columns than an image can have.");
        if (bytesPerVoxel is not (1 or 2)) throw new DerivedObjectException("A label has one or two bytes.");
        if (voxels.Length != (long)slices * rows * columns * bytesPerVoxel) throw new DerivedObjectException("The segmentation's voxels do not fill its shape.");
        (Voxels, Slices, Rows, Columns, BytesPerVoxel) = (voxels, slices, rows, columns, bytesPerVoxel);
    }

    public ReadOnlyMemory<byte> Voxels { get; }

    public int Slices { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int BytesPerVoxel { get; }

    public int VoxelsPerSlice => Rows * Columns;

    /// <summary>The labels of a slice of one byte a voxel.</summary>
    internal ReadOnlySpan<byte> Bytes(int slice) => Voxels.Span.Slice(slice * VoxelsPerSlice * BytesPerVoxel, VoxelsPerSlice * BytesPerVoxel);

    /// <summary>The labels of a slice of two bytes a voxel.</summary>
    internal ReadOnlySpan<ushort> Words(int slice) => MemoryMarshal.Cast<byte, ushort>(Bytes(slice));

    /// <summary>Counts the voxels of each label in each slice.</summary>
    /// <param name="labels">The declared labels, ascending.</param>
    /// <returns>[slice][index into <paramref name="labels"/>]</returns>
    /// <exception cref="DerivedObjectException">A voxel has a label that is not declared.</exception>
    public int[][] Count(IReadOnlyList<int> labels)
    {
        var counts = new int[BytesPerVoxel == 1 ? 256 : 65536];
        var result = new int[Slices][];
        for (var slice = 0; slice < Slices; slice++)
        {
            Array.Clear(counts);
            if (BytesPerVoxel == 1) CountInto(Bytes(slice), counts);
            else CountInto(Words(slice), counts);
            result[slice] = Pick(counts, labels);
        }

        return result;
    }

    private int[] Pick(int[] counts, IReadOnlyList<int> labels)
    {
        var picked = new int[labels.Count];
        long known = counts[0];
        for (var i = 0; i < picked.Length; i++)
        {
            if (labels[i] < counts.Length) picked[i] = counts[labels[i]];
            known += picked[i];
        }

        if (known == VoxelsPerSlice) return picked;
        foreach (var label in labels.Where(x => x < counts.Length)) counts[label] = 0;
        counts[0] = 0;
        throw new DerivedObjectException($"The segmentation has voxels of label {Array.FindIndex(counts, x => x > 0)}, which is not among its segments.");
    }

    private static void CountInto(ReadOnlySpan<byte> labels, int[] counts)
    {
        // Most of a volume is background: skip it with vector instructions.
        for (int start; (start = labels.IndexOfAnyExcept((byte)0)) >= 0;)
        {
            counts[0] += start;
            labels = labels[start..];
            var end = labels.IndexOf((byte)0);
            if (end < 0) end = labels.Length;
            foreach (var label in labels[..end]) counts[label]++;
            labels = labels[end..];
        }

        counts[0] += labels.Length;
    }

    private static void CountInto(ReadOnlySpan<ushort> labels, int[] counts)
    {
        foreach (var label in labels) counts[label]++;
    }
}
