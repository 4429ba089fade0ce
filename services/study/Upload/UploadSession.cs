using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>What an upload was created for.</summary>
/// <param name="Id">Its id; null for an upload of one call, which has no row.</param>
/// <param name="Author">The account that stores.</param>
/// <param name="Owner">The owner of what is stored: the author, or the owner of the study that the upload is bound to.</param>
/// <param name="StudyInstanceUid">The study that every instance must belong to, or null.</param>
/// <param name="First">Number of the first instance of this call.</param>
internal sealed record UploadTarget(Guid? Id, Guid Author, Guid Owner, string? StudyInstanceUid, long First);

/// <summary>
/// One upload call: takes instances one after the other, gathers them in groups and commits these, while the next group is
/// already arriving. Not thread-safe.
/// </summary>
internal sealed partial class UploadSession(UploadServices services, UploadTarget target, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly StudyOptions _options = services.Options;
    private readonly KnownInstances _known = new(services.Database, target.Owner);
    private readonly List<InstanceResult> _results = [];
    private UploadGroup _group = new(target.Id, target.Owner, target.Author, target.First);
    private InstanceIntake? _intake;
    private long _storedBytes;

    /// <summary>Results of all instances that are committed, in order.</summary>
    public IReadOnlyList<InstanceResult> Results => _results;

    /// <summary>An instance has begun and not ended.</summary>
    public bool IsInInstance => _intake is not null;

    /// <summary>Complete instances wait for a commit.</summary>
    public bool HasUncommitted => _group.Results.Count > 0;

    /// <summary>Instances of this call so far.</summary>
    public long Count { get; private set; }

    public void Begin(long size)
    {
        _intake = new InstanceIntake(target.First + Count, size, _options);
        Count++;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data)
    {
        InstanceIntake intake = _intake!;
        intake.Write(data.Span);
        if (intake.Pack is { IsCongested: true } pack)
        {
            return pack.WaitForRoomAsync();
        }

        return intake.WantsPlace ? PlaceAsync(intake) : ValueTask.CompletedTask;
    }

    public async ValueTask EndAsync()
    {
        InstanceIntake intake = _intake!;
        DicomInstanceInfo? info = intake.End();
        if (intake.WantsPlace)
        {
            await PlaceAsync(intake);
        }

        if (info is not null && intake is { IsRefused: false, IsRepeat: false })
        {
            _group.Add(Describe(intake, info));
        }
        else
        {
            if (!intake.IsRefused)
            {
                intake.SettleRepeat();
            }

            _group.Results.Add(intake.Result);
        }

        _intake = null;
        intake.Dispose();
        if (_group.Bytes >= _options.GroupBytes || _group.Results.Count >= _options.GroupInstances || _group.MetadataBytes >= _options.GroupMetadataBytes)
        {
            await StartCommitAsync();
        }
    }

    /// <summary>The upload of this call alone, as far as it is committed.</summary>
    public Upload Describe() => new()
    {
        CommittedInstances = _results.Count,
        StoredInstances = _results.Count(r => r.Outcome == InstanceResult.Types.Outcome.Stored),
        DuplicateInstances = _results.Count(r => r.Outcome == InstanceResult.Types.Outcome.Duplicate),
        RefusedInstances = _results.Count(r => r.Outcome == InstanceResult.Types.Outcome.Refused),
        StoredBytes = _storedBytes,
    };

    /// <summary>Gives up the instance that has begun: its client has gone.</summary>
    public void DropInstance()
    {
        _intake?.Dispose();
        _intake = null;
    }

    /// <summary>Commits everything that is complete.</summary>
    public async Task CommitAsync()
    {
        await StartCommitAsync();
        await FinishCommitAsync();
    }

    /// <summary>Decides where an identified instance goes.</summary>
    private async ValueTask PlaceAsync(InstanceIntake intake)
    {
        DicomIdentifiers identifiers = intake.Identifiers!;
        if (target.StudyInstanceUid is { } bound && bound != identifiers.StudyInstanceUid)
        {
            intake.Refuse(Reason.StudyMismatch, "The instance belongs to another study than the one that the upload was created for.");
            return;
        }

        if (_group.Find(identifiers.SopInstanceUid) is not null || _inFlight?.Group.Find(identifiers.SopInstanceUid) is not null)
        {
            // Sent twice in this call: what became of the first must be settled to say what the second is.
            await CommitAsync();
        }

        OpenStudy study = await OpenAsync(identifiers.StudyInstanceUid);
        byte[]? stored = await _known.FindAsync(study, identifiers.SeriesInstanceUid, identifiers.SopInstanceUid, cancellationToken);
        if (stored is not null)
        {
            intake.CompareWith(stored);
        }
        else
        {
            intake.SealInto(study, await PackOfAsync(study));
        }
    }

    private PendingInstance Describe(InstanceIntake intake, DicomInstanceInfo info)
    {
        (byte[] sha256, byte[] header, long sealedLength) = intake.Finish();
        intake.Result.Outcome = InstanceResult.Types.Outcome.Stored;
        PendingInstance instance = new()
        {
            Id = intake.Id,
            Study = intake.Study!,
            SeriesInstanceUid = info.SeriesInstanceUid,
            SopInstanceUid = info.SopInstanceUid,
            SopClassUid = info.SopClassUid,
            TransferSyntaxUid = info.TransferSyntaxUid,
            PackId = intake.Pack!.Id,
            Offset = intake.Offset,
            SealedLength = sealedLength,
            Length = intake.Length,
            SealHeader = header,
            Sha256 = sha256,
            Layout = InstanceLayout.Of(info).ToBytes(),
            Json = info.Json,
            Facts = InstanceFacts.Of(info.Dataset),
            Patient = PatientIdentity.Of(info.Dataset),
            Result = intake.Result,
            Stated = _group.StartsSeries(intake.Study!, info.SeriesInstanceUid) ? StatedAttributes.Of(info.Dataset) : null!,
        };
        return instance;
    }
}

/// <summary>What upload calls share.</summary>
internal sealed record UploadServices(
    StudyOptions Options, Npgsql.NpgsqlDataSource Database, StudyRegistry Studies, PackPool Packs, GroupCommitter Committer);
