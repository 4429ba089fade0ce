using System.Buffers;
using System.Security.Cryptography;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>
/// Takes one file as it arrives. Until its identifiers are known its front is held in memory; from then on bytes are sealed
/// into the pack (or, for an instance that is stored already, only hashed). Never holds a whole file. Not thread-safe.
/// </summary>
internal sealed class InstanceIntake : IDisposable
{
    private const int FirstHead = 64 << 10;

    private readonly StudyOptions _options;
    private readonly long _declared;
    private readonly DicomInstanceScanner _scanner;
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[]? _head = ArrayPool<byte>.Shared.Rent(FirstHead);
    private int _headLength;
    private bool _ended;
    private SealedStreamWriter? _sealer;
    private byte[]? _stored;

    /// <param name="number">Number within the upload.</param>
    /// <param name="declared">Size that the client declares; 0 if it does not.</param>
    /// <param name="options">Limits.</param>
    public InstanceIntake(long number, long declared, StudyOptions options)
    {
        _options = options;
        _declared = declared;
        _scanner = new DicomInstanceScanner(totalLength: declared > 0 ? declared : null);
        Result = new InstanceResult { Number = number };
        if (declared < 0)
        {
            Refuse(Reason.FieldInvalid, "size: must not be negative");
        }
        else if (declared > options.MaxInstanceBytes)
        {
            RefuseSize();
        }
    }

    public InstanceResult Result { get; }

    public DicomIdentifiers? Identifiers { get; private set; }

    public Guid Id { get; } = Guid.CreateVersion7();

    public long Length { get; private set; }

    public bool IsRefused => Result.Outcome == InstanceResult.Types.Outcome.Refused;

    /// <summary>Identified and complete enough at the front to be sealed, but not placed yet.</summary>
    public bool WantsPlace => _head is not null && !IsRefused && Identifiers is not null
        && (_ended || _headLength >= Preamble.Length + 4);

    /// <summary>Where its sealed bytes go; null before it is placed and for repeats.</summary>
    public PackWriter? Pack { get; private set; }

    public OpenStudy? Study { get; private set; }

    public long Offset { get; private set; }

    /// <summary>Takes the next bytes. A fault of the file refuses it; what follows is then ignored.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (IsRefused)
        {
            return;
        }

        Length += bytes.Length;
        if (Length > _options.MaxInstanceBytes)
        {
            RefuseSize();
            return;
        }

        if (_declared > 0 && Length > _declared)
        {
            Refuse(Reason.FieldInvalid, $"size: {_declared} bytes were declared, more were sent");
            return;
        }

        if (!Scan(bytes))
        {
            return;
        }

        if (_head is null)
        {
            Pass(bytes);
        }
        else
        {
            Hold(bytes);
        }
    }

    /// <summary>Seals it into a pack of its study: what was held goes first.</summary>
    public void SealInto(OpenStudy study, PackWriter pack)
    {
        Study = study;
        Pack = pack;
        Offset = pack.Length;
        _sealer = new SealedStreamWriter(study.Key, StudySeals.Instance(study.Id, Identifiers!.SopInstanceUid), pack);
        ReleaseHead();
    }

    /// <summary>Only compares it with the instance that is stored under its SOP Instance UID.</summary>
    public void CompareWith(byte[] storedSha256)
    {
        _stored = storedSha256;
        ReleaseHead();
    }

    /// <summary>The file is complete. Null if it is refused.</summary>
    public DicomInstanceInfo? End()
    {
        if (IsRefused)
        {
            return null;
        }

        if (_declared > 0 && Length != _declared)
        {
            Refuse(Reason.FieldInvalid, $"size: {_declared} bytes were declared, {Length} were sent");
            return null;
        }

        try
        {
            DicomInstanceInfo info = _scanner.Complete();
            _ended = true;
            DicomIdentifiers found = new(info.StudyInstanceUid, info.SeriesInstanceUid, info.SopInstanceUid, info.SopClassUid);
            Identifiers ??= found;
            if (Identifiers != found)
            {
                Refuse(Reason.DicomMalformed, "An identifying UID occurs twice with different values.");
                return null;
            }

            Describe();
            return info;
        }
        catch (DicomException e)
        {
            Refuse(DicomErrors.ReasonOf(e.Error), e.Message);
            return null;
        }
    }

    /// <summary>Ends the sealed stream of a placed instance.</summary>
    /// <returns>Its hash and the header of its sealed stream.</returns>
    public (byte[] Sha256, byte[] SealHeader, long SealedLength) Finish()
    {
        _sealer!.Complete();
        return (_sha256.GetHashAndReset(), _sealer.Header.ToArray(), _sealer.SealedLength);
    }

    /// <summary>Decides about an instance that was only compared.</summary>
    public void SettleRepeat() => InstanceResults.Repeat(Result, _stored, _sha256.GetHashAndReset());

    public bool IsRepeat => _stored is not null;

    /// <summary>Refuses it; its sealed bytes are taken back.</summary>
    public void Refuse(Reason reason, string message)
    {
        InstanceResults.Refuse(Result, reason, message);
        Discard();
    }

    public void Dispose()
    {
        _scanner.Dispose();
        _sha256.Dispose();
        Discard();
    }

    private void Discard()
    {
        DropHead();
        if (_sealer is { IsCompleted: false })
        {
            _sealer.Dispose();
            Pack!.Truncate(Offset);
        }
    }

    private void RefuseSize() => Refuse(Reason.LimitExceeded, $"The instance is larger than the limit of {_options.MaxInstanceBytes} bytes.");

    private bool Scan(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _scanner.Write(bytes);
            if (Identifiers is null && _scanner.Identifiers is { } identifiers)
            {
                Identifiers = identifiers;
                Describe();
            }

            return true;
        }
        catch (DicomException e)
        {
            Refuse(DicomErrors.ReasonOf(e.Error), e.Message);
            return false;
        }
    }

    private void Describe()
    {
        Result.StudyInstanceUid = Identifiers!.StudyInstanceUid;
        Result.SeriesInstanceUid = Identifiers.SeriesInstanceUid;
        Result.SopInstanceUid = Identifiers.SopInstanceUid;
        Result.SopClassUid = Identifiers.SopClassUid;
    }

    private void Pass(ReadOnlySpan<byte> bytes)
    {
        _sha256.AppendData(bytes);
        _sealer?.Write(bytes);
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        int needed = _headLength + bytes.Length;
        if (needed > _options.MaxHeadBytes + _options.MaxChunkBytes)
        {
            Refuse(Reason.LimitExceeded, $"The identifying UIDs do not come within the first {_options.MaxHeadBytes} bytes.");
            return;
        }

        if (needed > _head!.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 2 * _head.Length));
            _head.AsSpan(0, _headLength).CopyTo(larger);
            DropBuffer(_head, _headLength);
            _head = larger;
        }

        bytes.CopyTo(_head.AsSpan(_headLength));
        _headLength = needed;
    }

    /// <summary>Lets the front go its way, without an executable preamble.</summary>
    private void ReleaseHead()
    {
        Span<byte> head = _head.AsSpan(0, _headLength);
        if (Preamble.Neutralise(head))
        {
            Result.Warnings.Add(InstanceWarning.PreambleCleared);
        }

        Pass(head);
        DropHead();
    }

    private void DropHead()
    {
        if (_head is not null)
        {
            DropBuffer(_head, _headLength);
            _head = null;
        }
    }

    private static void DropBuffer(byte[] buffer, int used)
    {
        CryptographicOperations.ZeroMemory(buffer.AsSpan(0, used));
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
