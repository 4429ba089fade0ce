using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Jobs.Pods;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Pod.V1;
using MedCloudCare.Study.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Jobs.Tests;

/// <summary>
/// What the runner talks to, over real gRPC on Unix sockets: an archive that holds one series and what is stored beside it, a
/// model service with replicas, and pods whose behaviour a test writes. The real services are met by the integration tests.
/// </summary>
internal sealed class LittleMesh : IAsyncDisposable
{
    public const string StudyUid = "2.25.1001", SeriesUid = "2.25.1002";
    public const int Slices = 4, Rows = 10, Columns = 11;

    private readonly string _directory = Directory.CreateTempSubdirectory("mcc-mesh-").FullName;
    private readonly List<WebApplication> _hosts = [];
    private readonly List<GrpcChannel> _channels = [];

    public StudyStub Archive { get; } = new();

    public ModelStub Models { get; } = new();

    public ReplicaDirectory Replicas { get; private set; } = null!;

    public RunningJobs Running { get; } = new();

    public JobRunner Runner { get; private set; } = null!;

    /// <summary>Starts with as many replicas as there are behaviours.</summary>
    public static Task<LittleMesh> StartAsync(JobDatabase jobs, params PodStub[] pods) => StartAsync(jobs, 5, pods);

    public static async Task<LittleMesh> StartAsync(JobDatabase jobs, double jobMinutes, params PodStub[] pods)
    {
        var mesh = new LittleMesh();
        var services = await mesh.ServeAsync("services", x => x.AddSingleton(mesh.Archive).AddSingleton(mesh.Models), x =>
        {
            x.MapGrpcService<StudyStub>();
            x.MapGrpcService<ModelStub>();
        });
        for (var i = 0; i < pods.Length; i++)
        {
            var pod = pods[i];
            var endpoint = await mesh.ServeAsync($"pod{i}", x => x.AddSingleton(pod), x => x.MapGrpcService<PodStub>());
            mesh.Models.Set.Replicas.Add(new Replica { Id = $"r{i}", State = Replica.Types.State.Ready, Endpoint = endpoint });
        }

        var channels = new PodChannel(null!);
        var channel = channels.Open(services);
        mesh._channels.Add(channel);
        var models = new ModelService.ModelServiceClient(channel);
        mesh.Replicas = new ReplicaDirectory(models, channels);
        mesh.Runner = new JobRunner(
            jobs.Store, jobs.Seal, new StudyService.StudyServiceClient(channel), models, mesh.Replicas, new JobTelemetry(),
            Options.Create(new InferenceOptions { ReplicaMinutes = 0.1, JobMinutes = jobMinutes }), TimeProvider.System, NullLogger<JobRunner>.Instance);
        return mesh;
    }

    public async Task RunAsync(ClaimedJob job)
    {
        using var run = Running.Start(job.Id, job.Fence);
        await Runner.RunAsync(job, run);
    }

    public async ValueTask DisposeAsync()
    {
        await Replicas.DisposeAsync();
        foreach (var channel in _channels) channel.Dispose();
        foreach (var host in _hosts) await host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<string> ServeAsync(string name, Action<IServiceCollection> register, Action<WebApplication> map)
    {
        var path = Path.Combine(_directory, name);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(x => x.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        register(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        _hosts.Add(app);
        return $"unix://{path}";
    }
}

/// <summary>An archive of one series in memory.</summary>
internal sealed class StudyStub : StudyService.StudyServiceBase
{
    private int _uploadsToBreak;

    public ConcurrentDictionary<string, byte[]> Stored { get; } = new(StringComparer.Ordinal);

    public bool IsRevoked { get; set; }

    public int Retrievals;

    public int UploadsToBreak { set => _uploadsToBreak = value; }

    public static string InstanceUid(int slice) => $"2.25.20{slice}";

    public static byte[] File(int slice) => [.. Enumerable.Range(0, 150_000).Select(x => (byte)(x + slice))];

    public override Task<Series> LookupSeries(LookupSeriesRequest request, ServerCallContext context)
    {
        CheckAccess(context);
        if (request.SeriesInstanceUid == LittleMesh.SeriesUid) return Task.FromResult(new Series { SeriesInstanceUid = request.SeriesInstanceUid, InstanceCount = LittleMesh.Slices });
        var count = Stored.Count;
        return count == 0 ? throw MeshErrors.NotFound("series") : Task.FromResult(new Series { SeriesInstanceUid = request.SeriesInstanceUid, InstanceCount = count });
    }

    public override async Task RetrieveSeries(RetrieveSeriesRequest request, IServerStreamWriter<RetrieveInstancesResponse> responseStream, ServerCallContext context)
    {
        CheckAccess(context);
        Interlocked.Increment(ref Retrievals);
        for (var i = 0; i < LittleMesh.Slices; i++)
        {
            var file = File(i);
            var header = new RetrieveInstancesResponse.Types.Header { SopInstanceUid = InstanceUid(i), Size = file.Length, Position = i, Count = LittleMesh.Slices };
            await responseStream.WriteAsync(new RetrieveInstancesResponse { Header = header });
            foreach (var chunk in file.Chunk(64 << 10)) await responseStream.WriteAsync(new RetrieveInstancesResponse { Data = ByteString.CopyFrom(chunk) });
        }
    }

    public override async Task RetrieveMetadata(RetrieveMetadataRequest request, IServerStreamWriter<RetrieveMetadataResponse> responseStream, ServerCallContext context)
    {
        CheckAccess(context);
        for (var i = 0; i < LittleMesh.Slices; i++)
        {
            var json = Header(i).ToJson();
            await responseStream.WriteAsync(new RetrieveMetadataResponse { DicomJson = ByteString.CopyFrom(json.AsSpan(0, 100)) });
            await responseStream.WriteAsync(new RetrieveMetadataResponse { DicomJson = ByteString.CopyFrom(json.AsSpan(100)), EndOfInstance = true });
        }
    }

    public override Task<Upload> CreateUpload(CreateUploadRequest request, ServerCallContext context)
    {
        CheckAccess(context);
        return Task.FromResult(new Upload { Name = "uploads/1" });
    }

    public override async Task<UploadInstancesResponse> UploadInstances(IAsyncStreamReader<UploadInstancesRequest> requestStream, ServerCallContext context)
    {
        CheckAccess(context);
        var response = new UploadInstancesResponse { Upload = new Upload() };
        using var file = new MemoryStream();
        await foreach (var request in requestStream.ReadAllAsync())
        {
            if (request.MessageCase == UploadInstancesRequest.MessageOneofCase.Data) file.Write(request.Data.Span);
            if (request.MessageCase != UploadInstancesRequest.MessageOneofCase.End) continue;
            file.Position = 0;
            var info = await DicomInstanceScanner.ScanAsync(file);
            var outcome = Stored.TryAdd(info.SopInstanceUid, file.ToArray()) ? InstanceResult.Types.Outcome.Stored
                : Stored[info.SopInstanceUid].AsSpan().SequenceEqual(file.ToArray()) ? InstanceResult.Types.Outcome.Duplicate : InstanceResult.Types.Outcome.Refused;
            response.Results.Add(new InstanceResult { Outcome = outcome, Reason = outcome == InstanceResult.Types.Outcome.Refused ? Reason.InstanceConflict : Reason.Unspecified });
            file.SetLength(0);
        }

        // Stored, and the answer is lost: the worst moment.
        return Interlocked.Decrement(ref _uploadsToBreak) >= 0 ? throw new RpcException(new Status(StatusCode.Unavailable, "")) : response;
    }

    private void CheckAccess(ServerCallContext context)
    {
        Assert.Equal("the-delegation-token", context.RequestHeaders.GetValue(MeshHeaders.DelegationName));
        if (IsRevoked) throw MeshErrors.NotFound("series");
    }

    private static DicomDataset Header(int slice) => new DicomDataset()
        .Set(DicomTags.SOPClassUID, SopClasses.MRImageStorage).Set(DicomTags.SOPInstanceUID, InstanceUid(slice))
        .Set(DicomTags.StudyInstanceUID, LittleMesh.StudyUid).Set(DicomTags.SeriesInstanceUID, LittleMesh.SeriesUid)
        .Set(DicomTags.PatientName, "Muster^Jörg").Set(DicomTags.PatientID, "P").Set(DicomTags.Modality, "MR")
        .Set(DicomTags.FrameOfReferenceUID, "2.25.7").Set(DicomTags.Rows, (double)LittleMesh.Rows).Set(DicomTags.Columns, (double)LittleMesh.Columns)
        .Set(DicomTags.ImagePositionPatient, -5.0, 0.0, 2.0 * slice).Set(DicomTags.ImageOrientationPatient, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        .Set(DicomTags.PixelSpacing, 1.0, 1.0).Set(DicomTags.SliceThickness, 2.0);
}

/// <summary>A model service that knows one version.</summary>
internal sealed class ModelStub : ModelService.ModelServiceBase
{
    public ReplicaSet Set { get; } = new() { Desired = 1 };

    public InferType Task { get; set; } = InferType.Segmentation;

    public override Task<ModelVersion> GetModelVersion(GetModelVersionRequest request, ServerCallContext context) => System.Threading.Tasks.Task.FromResult(new ModelVersion
    {
        Name = request.Name, Number = 3, Digest = "sha256:" + new string('a', 64), Form = new ModelForm { DisplayName = "Brain tissue", Task = Task },
    });

    public override async Task WatchReplicas(WatchReplicasRequest request, IServerStreamWriter<ReplicaSet> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(Set);
        await System.Threading.Tasks.Task.Delay(Timeout.Infinite, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>A pod that reads the series and then does what the test says; <paramref name="early"/> answers before reading.</summary>
internal sealed class PodStub(Func<IServerStreamWriter<InferResponse>, ServerCallContext, Task> answer, bool early = false) : PodService.PodServiceBase
{
    private readonly TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;

    public int Calls => _calls;

    public Task Called => _called.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public Task Cancelled => _cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Whether the series arrived as the archive holds it.</summary>
    public bool IsIntact { get; private set; }

    public static PodStub Segmenting(byte label = 1, bool isWhole = true, Task? gate = null) => new(async (output, _) =>
    {
        await (gate ?? Task.CompletedTask);
        await output.WriteAsync(new InferResponse { Progress = new Progress { Fraction = 0.5, Message = "Half way" } });
        var result = new Segmentation { Slices = LittleMesh.Slices, Rows = LittleMesh.Rows, Columns = LittleMesh.Columns, BytesPerVoxel = 1 };
        result.Segments.Add(new Segmentation.Types.Segment { Number = 1, Label = "White matter", Rgb = 0xFFCC00 });
        for (var i = 0; i < LittleMesh.Slices; i++) result.SourceSopInstanceUids.Add(StudyStub.InstanceUid(i));
        await output.WriteAsync(new InferResponse { Result = new Result { Segmentation = result } });
        var voxels = new byte[LittleMesh.Slices * LittleMesh.Rows * LittleMesh.Columns];
        Array.Fill(voxels, label, 0, 120);
        await output.WriteAsync(new InferResponse { Data = ByteString.CopyFrom(voxels.AsSpan(0, 200)) });
        if (isWhole) await output.WriteAsync(new InferResponse { Data = ByteString.CopyFrom(voxels.AsSpan(200)) });
        await output.WriteAsync(new InferResponse { Done = new Done() });
    });

    public static PodStub Failing(Failure.Types.Kind kind, bool early = false) => new(
        async (output, _) =>
        {
            await output.WriteAsync(new InferResponse { Log = new Log { Line = "about to fail" } });
            await output.WriteAsync(new InferResponse { Failure = new Failure { Kind = kind, Message = "ValueError: no", Traceback = "Traceback …" } });
        },
        early);

    public static PodStub Dying() => new((_, context) =>
    {
        context.GetHttpContext().Abort();
        return Task.Delay(Timeout.Infinite, context.CancellationToken);
    });

    public static PodStub Hanging() => new((_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));

    public override async Task Infer(IAsyncStreamReader<InferRequest> requestStream, IServerStreamWriter<InferResponse> responseStream, ServerCallContext context)
    {
        Interlocked.Increment(ref _calls);
        context.CancellationToken.Register(() => _cancelled.TrySetResult());
        if (!early) await ReadAsync(requestStream);
        _called.TrySetResult();
        await answer(responseStream, context);
    }

    private async Task ReadAsync(IAsyncStreamReader<InferRequest> requests)
    {
        var files = new List<MemoryStream>();
        await foreach (var request in requests.ReadAllAsync())
        {
            if (request.MessageCase == InferRequest.MessageOneofCase.Start) Assert.Equal(LittleMesh.Slices, request.Start.InstanceCount);
            if (request.MessageCase == InferRequest.MessageOneofCase.Instance) files.Add(new MemoryStream());
            if (request.MessageCase == InferRequest.MessageOneofCase.Data) files[^1].Write(request.Data.Span);
        }

        IsIntact = files.Count == LittleMesh.Slices && files.Select((x, i) => x.ToArray().AsSpan().SequenceEqual(StudyStub.File(i))).All(x => x);
    }
}
