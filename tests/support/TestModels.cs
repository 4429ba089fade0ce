using System.Text;
using Google.Protobuf;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;

namespace MedCloudCare.TestSupport;

/// <summary>Small Python models, written in the template, and the calls to publish and run them.</summary>
public static class TestModels
{
    /// <summary>Labels every voxel above half of the maximum 1, and the brightest eighth 2. Deterministic and quick.</summary>
    public const string Threshold =
        """
        import numpy as np
        from medcloudcare import Application, InferTask, InferType, Segment, Segmentation


        class Threshold(Application):
            infer_type = InferType.SEGMENTATION

            def run(self, task: InferTask) -> Segmentation:
                volume = task.volume
                top = volume.max()
                task.progress(0.5, "Labelling")
                labels = (volume > top / 2).astype(np.uint8)
                labels[volume > top * 7 / 8] = 2
                return Segmentation(labels, [Segment(1, "Bright", 0xFF0000), Segment(2, "Brightest", 0xFFFF00)])
        """;

    /// <summary>A segmentation model whose <c>run</c> has this body.</summary>
    public static string Segmenting(string body) =>
        $"""
        import ctypes, os, socket, subprocess, sys, time
        import numpy as np
        from medcloudcare import *


        class Model(Application):
            infer_type = InferType.SEGMENTATION

            def run(self, task):
        {string.Join('\n', body.Split('\n').Select(line => "        " + line))}
        """;

    /// <summary>Publishes a package with this main.py.</summary>
    public static Task<PublishModelResponse> PublishAsync(this TestUser researcher, string main, string? name = null, Visibility visibility = Visibility.Public, InferType task = InferType.Segmentation) =>
        researcher.PublishAsync(new Dictionary<string, byte[]> { ["main.py"] = Encoding.UTF8.GetBytes(main) }, name, visibility, task);

    /// <summary>Publishes a package of files.</summary>
    public static async Task<PublishModelResponse> PublishAsync(this TestUser researcher, IReadOnlyDictionary<string, byte[]> files, string? name = null, Visibility visibility = Visibility.Public, InferType task = InferType.Segmentation, string bodyPart = "BRAIN")
    {
        using var call = researcher.Models.PublishModel(researcher.Headers, DateTime.UtcNow.AddMinutes(2));
        var form = new ModelForm { DisplayName = name ?? "Model " + Guid.NewGuid().ToString("n")[..8], Description = "For tests", Task = task, Modality = "MR", BodyPart = bodyPart };
        try
        {
            await call.RequestStream.WriteAsync(new PublishModelRequest { Start = new() { Form = form, Visibility = visibility } });
            await call.RequestStream.WriteFilesAsync(files);
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception e) when (e is Grpc.Core.RpcException or InvalidOperationException)
        {
            // The service has refused the package before all of it was sent: its answer says why, the failed write does not.
        }

        return await call;
    }

    private static async Task WriteFilesAsync(this Grpc.Core.IClientStreamWriter<PublishModelRequest> stream, IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (path, content) in files)
        {
            await stream.WriteAsync(new PublishModelRequest { File = new() { Path = path } });
            foreach (var chunk in content.Chunk(128 * 1024))
            {
                await stream.WriteAsync(new PublishModelRequest { Data = ByteString.CopyFrom(chunk) });
            }
        }
    }

    /// <summary>Starts a job.</summary>
    public static async Task<Job> RunAsync(this TestUser user, string model, SyntheticSeries series, string requestId = "") =>
        await user.Jobs.RunInferenceAsync(
            new RunInferenceRequest { Model = model, SeriesInstanceUid = series.SeriesInstanceUid, StudyInstanceUid = series.StudyInstanceUid, RequestId = requestId },
            user.Headers);

    /// <summary>Waits for the end of a job, whatever services die in the meantime.</summary>
    public static Task<Job> EndOfAsync(this TestUser user, Job job, TimeSpan? limit = null) =>
        Eventually.GetAsync($"the end of {job.Name}", limit ?? TimeSpan.FromMinutes(3), async () =>
        {
            try
            {
                var now = await user.Jobs.GetJobAsync(new GetJobRequest { Name = job.Name }, user.Headers, DateTime.UtcNow.AddSeconds(10));
                return now.State is Job.Types.State.Queued or Job.Types.State.Running ? null : now;
            }
            catch (Grpc.Core.RpcException e) when (e.StatusCode is Grpc.Core.StatusCode.Unavailable or Grpc.Core.StatusCode.DeadlineExceeded or Grpc.Core.StatusCode.Internal or Grpc.Core.StatusCode.Unauthenticated)
            {
                return null;
            }
        });
}
