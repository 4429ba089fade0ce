using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>The archive's RPCs for its operator.</summary>
internal sealed partial class ArchiveGrpc(
    ArchiveVerifier verifier, ArchiveRebuilder rebuilder, ArchiveMaintenance maintenance, RemovalHolds holds, StudyOptions options, TimeProvider time)
    : ArchiveService.ArchiveServiceBase
{
    private static readonly TimeSpan BetweenSigns = TimeSpan.FromMilliseconds(200);
    private static readonly SemaphoreSlim Rebuilding = new(1, 1);

    public override async Task VerifyArchive(VerifyArchiveRequest request, IServerStreamWriter<VerifyArchiveResponse> responses, ServerCallContext context)
    {
        VerifyCount count = new();
        await verifier.RunAsync(
            request.Quick, count, finding => responses.WriteAsync(new VerifyArchiveResponse { Finding = finding }),
            Paced(() => responses.WriteAsync(new VerifyArchiveResponse
            {
                Progress = new()
                {
                    ObjectsChecked = count.Objects,
                    ObjectsTotal = count.ObjectsTotal,
                    BytesChecked = count.Bytes,
                    BytesTotal = count.BytesTotal,
                },
            })), context.CancellationToken);
        await responses.WriteAsync(new VerifyArchiveResponse
        {
            Summary = new()
            {
                Objects = count.Objects,
                Instances = count.Instances,
                Bytes = count.Bytes,
                Problems = count.Problems,
                Unreferenced = count.Unreferenced,
            },
        });
    }

    public override async Task RebuildArchive(RebuildArchiveRequest request, IServerStreamWriter<RebuildArchiveResponse> responses, ServerCallContext context)
    {
        if (!await Rebuilding.WaitAsync(0))
        {
            throw MeshErrors.Of(StatusCode.FailedPrecondition, Reason.StateConflict, "The archive is being rebuilt already.");
        }

        try
        {
            RebuildCount count = new();
            await rebuilder.RunAsync(
                count, (id, detail) => responses.WriteAsync(new RebuildArchiveResponse { Finding = new() { Object = id.ToString(), Detail = detail } }),
                Paced(() => responses.WriteAsync(new RebuildArchiveResponse { Progress = new() { GroupsDone = count.GroupsDone, GroupsTotal = count.GroupsTotal } })),
                context.CancellationToken);
            await responses.WriteAsync(new RebuildArchiveResponse
            {
                Summary = new()
                {
                    Objects = count.Objects,
                    Studies = count.Studies.Count,
                    Instances = count.Instances,
                    Erased = count.Erased,
                    Problems = count.Problems,
                },
            });
        }
        finally
        {
            Rebuilding.Release();
        }
    }

    public override async Task<CompactArchiveResponse> CompactArchive(CompactArchiveRequest request, ServerCallContext context)
    {
        MaintenanceResult done = await maintenance.RunAsync(
                Or("idle", request.Idle, options.MergeIdle), Or("grace", request.Grace, options.RetireGrace),
                Or("orphan_grace", request.OrphanGrace, options.OrphanGrace), context.CancellationToken)
            ?? throw MeshErrors.Of(StatusCode.FailedPrecondition, Reason.StateConflict, "Maintenance of the store is running. Try again later.");
        return new CompactArchiveResponse
        {
            MergedBatches = done.MergedBatches,
            RetiredPacks = done.RetiredPacks,
            WrittenPacks = done.WrittenPacks,
            RemovedPacks = done.Swept.Packs,
            RemovedOrphans = done.Swept.Orphans,
        };
    }

    public override async Task HoldRemovals(HoldRemovalsRequest request, IServerStreamWriter<HoldRemovalsResponse> responses, ServerCallContext context)
    {
        Guid hold = Guid.NewGuid();
        try
        {
            using PeriodicTimer timer = new(RemovalHolds.Lifetime / 8, time);
            do
            {
                await holds.HoldAsync(hold, context.CancellationToken);
                await responses.WriteAsync(new HoldRemovalsResponse());
            }
            while (await timer.WaitForNextTickAsync(context.CancellationToken));
        }
        finally
        {
            await holds.ReleaseAsync(hold);
        }
    }

    private Func<Task> Paced(Func<Task> write)
    {
        long last = time.GetTimestamp();
        return () =>
        {
            if (time.GetElapsedTime(last) < BetweenSigns)
            {
                return Task.CompletedTask;
            }

            last = time.GetTimestamp();
            return write();
        };
    }

    private static TimeSpan Or(string field, Duration? asked, TimeSpan standard)
    {
        TimeSpan value = asked?.ToTimeSpan() ?? standard;
        return value >= TimeSpan.Zero && value <= TimeSpan.FromDays(3650) ? value : throw MeshErrors.Invalid(field, "must not be negative or longer than ten years");
    }
}
