using Grpc.Core;
using Grpc.Net.Client;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>A series from study to another process of the mesh, and back, against a bare gRPC stream of the same chunks.</summary>
internal static class MeshBenchmark
{
    public static async Task<IReadOnlyList<Line>> RunAsync(MeshFixture mesh, TestUser user, int slices, int runs)
    {
        var images = new SyntheticSeries(slices: slices, rows: 512, columns: 512);
        var bytes = images.Files.Sum(f => (long)f.Length);
        await user.UploadAsync(images.Files);
        using var study = mesh.ChannelAsOperator("study");
        await using var bare = await BareService.StartAsync(mesh, bytes);
        List<double> retrieve = [], bareRetrieve = [], upload = [], bareUpload = [];
        for (var run = 0; run <= runs; run++)
        {
            var fresh = new SyntheticSeries(slices: slices, rows: 512, columns: 512);
            double[] speeds =
            [
                await Report.SpeedAsync(bytes, () => DrainAsync(study, images, user.Headers)),
                await Report.SpeedAsync(bytes, () => DrainAsync(bare.Channel, images, [])),
                await Report.SpeedAsync(bytes, () => SendAsync(study, fresh, user.Headers)),
                await Report.SpeedAsync(bytes, () => bare.ReceiveAsync(fresh.Files)),
            ];
            if (run > 0)
            {
                foreach (var (list, speed) in new[] { retrieve, bareRetrieve, upload, bareUpload }.Zip(speeds))
                {
                    list.Add(speed);
                }
            }
        }

        return
        [
            new Line("RetrieveSeries, study to a service", Report.Median(retrieve), "MB/s", "a bare gRPC stream", Report.Median(bareRetrieve)),
            new Line("UploadInstances, a service to study", Report.Median(upload), "MB/s", "a bare gRPC stream", Report.Median(bareUpload)),
        ];
    }

    private static async Task DrainAsync(GrpcChannel channel, SyntheticSeries series, Metadata headers)
    {
        using var call = new StudyStreams(channel.CreateCallInvoker()).RetrieveSeries(
            new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, new CallOptions(headers));
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            call.ResponseStream.Current.Dispose();
        }
    }

    private static async Task SendAsync(GrpcChannel channel, SyntheticSeries series, Metadata headers)
    {
        using var call = new StudyService.StudyServiceClient(channel).UploadInstances(headers);
        await call.RequestStream.WriteAsync(new UploadInstancesRequest { Start = new() });
        foreach (var file in series.Files)
        {
            await call.RequestStream.WriteFileAsync(file);
        }

        await call.RequestStream.CompleteAsync();
        await call;
    }
}
