using System.CommandLine;
using Grpc.Core;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Retrieve;

/// <summary><c>mcc retrieve</c>: a series as Part 10 files.</summary>
internal static class RetrieveCommand
{
    public static Command Create()
    {
        Option<string> series = new("--series") { Description = "Series Instance UID.", HelpName = "UID", Required = true };
        Option<string> study = new("--study") { Description = "Study Instance UID, where the series stands in several.", HelpName = "UID", DefaultValueFactory = _ => "" };
        Option<DirectoryInfo> output = new("--out", "-o") { Description = "Directory to write to; made if missing.", HelpName = "DIR", Required = true };
        Command command = new Command("retrieve", "Download a series, byte for byte as it was stored, one file an instance (00001-UID.dcm by instance number).")
        {
            series, study, output,
        }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            RetrieveSeriesRequest request = new() { SeriesInstanceUid = parsed.GetRequiredValue(series), StudyInstanceUid = parsed.GetValue(study) };
            await using SeriesWriter writer = await RunAsync(mesh, request, parsed.GetRequiredValue(output).FullName, cancellationToken).ConfigureAwait(false);
            Terminal.Note($"{writer.Files} files, {Terminal.Bytes(writer.Bytes)} in '{parsed.GetRequiredValue(output)}'");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Task<SeriesWriter> RunAsync(MeshConnection mesh, RetrieveSeriesRequest request, string directory, CancellationToken cancellationToken) =>
        ProgressView.RunAsync("Downloading", async report =>
        {
            Directory.CreateDirectory(directory);
            SeriesWriter writer = new(directory);
            try
            {
                using AsyncServerStreamingCall<RetrieveInstancesResponse> call = mesh.Studies.RetrieveSeries(request, cancellationToken: cancellationToken);
                await foreach (RetrieveInstancesResponse message in call.ResponseStream.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                {
                    await writer.AddAsync(message, cancellationToken).ConfigureAwait(false);
                    report(writer.Announced == 0 ? 0 : (double)writer.Files / writer.Announced, $"{writer.Files} of {writer.Announced}");
                }

                await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
                return writer;
            }
            catch
            {
                await writer.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        });
}
