using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.Dimse.Store;

/// <summary>
/// Compares the UIDs of a data set with those of its command while it arrives, before anything of it can be committed. Reads no
/// further than they stand; what it cannot read is left to the archive, which says why.
/// </summary>
internal sealed class IdentityCheck(InstanceHeading heading) : IDisposable
{
    // The archive refuses files whose identifiers come later.
    private const int MostBytes = 4 * 1024 * 1024;

    private DicomInstanceScanner? _scanner = new();
    private int _scanned;

    /// <summary>Whether the data set is of another class or instance than the command says.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Takes the next bytes of the file.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_scanner is null) return;
        try
        {
            _scanner.Write(bytes);
            _scanned += bytes.Length;
            if (_scanner.Identifiers is { } found)
            {
                HasFailed = found.SopClassUid != heading.SopClassUid || found.SopInstanceUid != heading.SopInstanceUid;
                Dispose();
            }
            else if (_scanned > MostBytes)
            {
                Dispose();
            }
        }
        catch (DicomException)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        _scanner?.Dispose();
        _scanner = null;
    }
}
