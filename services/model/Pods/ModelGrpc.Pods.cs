using Grpc.Core;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Access;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Access;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Models;

internal sealed partial class ModelGrpc
{
    /// <inheritdoc/>
    public override async Task<Deployment> GetDeployment(GetDeploymentRequest request, ServerCallContext context)
    {
        VersionName name = ModelAccess.ParseVersion(request.Name, suffix: "deployment");
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        await ModelAccess.RequireAsync(db, context.Caller(), name.Model, ModelRight.Edit, context.CancellationToken);
        await FindVersionAsync(db, name, context.CancellationToken);
        PodReport report = orchestrator.Report(name);
        ReplicaSet replicas = report.Replicas.Clone();
        foreach (Replica replica in replicas.Replicas)
        {
            // Where pods listen on the host is nobody's business outside the mesh.
            replica.Endpoint = "";
        }

        return new Deployment { Name = request.Name, Replicas = replicas, LastFailure = report.LastFailure, Log = { report.Log } };
    }

    /// <inheritdoc/>
    public override async Task WatchReplicas(WatchReplicasRequest request, IServerStreamWriter<ReplicaSet> responseStream, ServerCallContext context)
    {
        VersionName name = ModelAccess.ParseVersion(request.Version, "version");
        VersionRow version;
        await using (ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken))
        {
            version = await FindVersionAsync(db, name, context.CancellationToken);
        }

        InferType task = ModelForm.Parser.ParseFrom(version.Form).Task;
        await foreach (ReplicaSet set in orchestrator.WatchAsync(ToPodVersion(version, task), context.CancellationToken))
        {
            await responseStream.WriteAsync(set, context.CancellationToken);
        }
    }

    private PodVersion ToPodVersion(VersionRow version, InferType task) => new(
        new VersionName(version.ModelId, version.Number), task, version.Digest, version.Size,
        async (directory, cancellation) =>
        {
            await using ModelContext db = await contexts.CreateDbContextAsync(cancellation);
            await store.UnpackAsync(version, await FilesAsync(db, version, cancellation), directory, cancellation);
        });
}
