using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Upload;

/// <summary><c>mcc upload</c>: DICOM files into the caller's studies.</summary>
internal static class UploadCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        Argument<string[]> paths = new("path") { Description = "Files, and directories with everything below them.", Arity = ArgumentArity.OneOrMore };
        Option<string?> resume = new("--upload") { Description = "Go on with an earlier upload of the same paths.", HelpName = "uploads/UUID" };
        Command command = new Command("upload", "Upload DICOM files. A broken connection is taken up again; a file that is refused is reported and the others are kept (exit code 1).")
        {
            paths, resume, CommonOptions.Json,
        }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<UploadFile> files = UploadFiles.List(parsed.GetRequiredValue(paths));
            using MeshConnection mesh = MeshConnection.Open(parsed);
            return await RunAsync(mesh, files, parsed.GetValue(resume), parsed.GetValue(CommonOptions.Json), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> RunAsync(MeshConnection mesh, IReadOnlyList<UploadFile> files, string? resume, bool json, CancellationToken cancellationToken)
    {
        Stopwatch watch = Stopwatch.StartNew();
        (Study.V1.Upload upload, Uploader uploader) = await SendAsync(mesh, files, resume, cancellationToken).ConfigureAwait(false);
        if (json)
        {
            Terminal.Result(uploader.Report.ToJson(upload, watch.Elapsed, uploader.BytesSent).ToJsonString(Indented));
        }
        else
        {
            uploader.Report.Write(upload, watch.Elapsed, uploader.BytesSent);
        }

        return uploader.Report.Refused > 0 || upload.RefusedInstances > 0 ? ExitCode.Refused : ExitCode.Ok;
    }

    /// <summary>Sends the files and shows how far it is.</summary>
    internal static async Task<(Study.V1.Upload Upload, Uploader Uploader)> SendAsync(
        MeshConnection mesh, IReadOnlyList<UploadFile> files, string? resume, CancellationToken cancellationToken)
    {
        long total = Math.Max(1, files.Sum(f => f.Size));
        return await ProgressView.RunAsync($"Uploading {files.Count} files, {Terminal.Bytes(total)}", async report =>
        {
            Uploader uploader = new(mesh.Studies, files, (sent, number) => report((double)sent / total, $"{number} of {files.Count}"));
            Study.V1.Upload upload = await uploader.OpenAsync(resume, cancellationToken).ConfigureAwait(false);
            if (resume is null)
            {
                Terminal.Note($"{upload.Name} (to go on after an interruption, repeat with --upload {upload.Name})");
            }

            return (await uploader.RunAsync(upload, cancellationToken).ConfigureAwait(false), uploader);
        }).ConfigureAwait(false);
    }
}
