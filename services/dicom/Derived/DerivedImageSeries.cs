using System.Runtime.InteropServices;

namespace MedCloudCare.Dicom.Derived;

/// <summary>
/// A derived image series (registration, processing): one instance for each slice, int16 in the rescaled units of the source
/// (HU for CT), so Rescale Slope is 1 and Rescale Intercept 0. CT and MR stay CT and MR; every other kind becomes a Secondary
/// Capture Image, which keeps the plane attributes that the source has.
/// </summary>
public sealed class DerivedImageSeries
{
    private readonly SourceSeries _source;
    private readonly DerivedSeriesIdentity _identity;
    private readonly ReadOnlyMemory<byte> _voxels;

    /// <param name="source">The images that the slices lie on.</param>
    /// <param name="voxels">slices × rows × columns in C order, int16 little-endian.</param>
    /// <param name="identity">Series, time and algorithm.</param>
    /// <param name="sopInstanceUids">The UID of each new instance.</param>
    /// <exception cref="DerivedObjectException">The voxels do not fit.</exception>
    public DerivedImageSeries(
        SourceSeries source, ReadOnlyMemory<byte> voxels, DerivedSeriesIdentity identity, IReadOnlyList<string> sopInstanceUids)
    {
        if (voxels.Length != (long)source.Slices.Count * source.Rows * source.Columns * sizeof(short)) throw new DerivedObjectException("The voxels do not fill the slices of the source images.");
        if (sopInstanceUids.Count != source.Slices.Count) throw new ArgumentException("One UID for each slice.", nameof(sopInstanceUids));
        (_source, _voxels, _identity, SopInstanceUids) = (source, voxels, identity, sopInstanceUids);
        SopClassUid = source.Slices[0].SopClassUid is SopClasses.CTImageStorage or SopClasses.MRImageStorage
            ? source.Slices[0].SopClassUid
            : SopClasses.SecondaryCaptureImageStorage;
    }

    public string SopClassUid { get; }

    public IReadOnlyList<string> SopInstanceUids { get; }

    /// <summary>Writes the Part 10 file of slice <paramref name="slice"/>, from 0.</summary>
    public Task WriteAsync(int slice, Stream output, CancellationToken cancellationToken = default)
    {
        var size = _source.Rows * _source.Columns * sizeof(short);
        var pixels = _voxels.Slice(slice * size, size);
        var header = DerivedImageModules.Create(_source, slice, _identity, SopClassUid, SopInstanceUids[slice], MemoryMarshal.Cast<byte, short>(pixels.Span));
        var stream = new ReadOnlyMemoryStream(pixels);
        return DicomFile.WriteAsync(header, DicomVR.OW, size, stream, output, cancellationToken);
    }
}
