using System.CommandLine;
using System.Diagnostics;
using MedCloudCare.Cli.Admin;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Jobs;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;
using MedCloudCare.Cli.Upload;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Demo;

/// <summary><c>mcc demo</c>: from nothing to a segmentation over a real brain MR in the viewer.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        Command command = new("demo", "Start the mesh, make demo accounts, upload a real brain MR series, publish the example model, run it, and print the viewer's link. Doing it again reuses what is there.")
        {
            UpCommand.Http, UpCommand.Https, UpCommand.Dicom, UpCommand.DicomTls, UpCommand.Replicas, UpCommand.Otlp,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await RunAsync(parsed.DataDirectory(), UpCommand.OptionsOf(parsed), cancellationToken).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(DataDirectory data, MeshOptions options, CancellationToken cancellationToken)
    {
        Stopwatch total = Stopwatch.StartNew();
        await StepAsync("Starting the mesh", async () =>
        {
            await UpCommand.DetachedAsync(data, options, cancellationToken).ConfigureAwait(false);
            return "ready";
        }).ConfigureAwait(false);
        DemoAccounts accounts = null!;
        await StepAsync("Making demo accounts", async () =>
        {
            accounts = await DemoAccounts.EnsureAsync(data, cancellationToken).ConfigureAwait(false);
            return "doctor, researcher, admin";
        }).ConfigureAwait(false);
        using MeshConnection doctor = MeshConnection.Open(null, null, "doctor", data.Root);
        using MeshConnection researcher = MeshConnection.Open(null, null, "researcher", data.Root);
        (string study, string series) = await UploadAsync(doctor, cancellationToken).ConfigureAwait(false);
        ModelVersion version = null!;
        await StepAsync("Publishing the example model", async () =>
        {
            (version, bool published) = await DemoModel.EnsureAsync(researcher, cancellationToken).ConfigureAwait(false);
            return $"{version.Form.DisplayName}, version {version.Number}{(published ? "" : " (there already)")}";
        }).ConfigureAwait(false);
        Job job = null!;
        await StepAsync("Running the model on the series", async () =>
        {
            (job, bool reused) = await InferAsync(doctor, version, study, series, cancellationToken).ConfigureAwait(false);
            return $"{job.Result.Segments.Count} segments{(reused ? " (there already)" : "")}";
        }).ConfigureAwait(false);

        Terminal.Note($"Done in {total.Elapsed.TotalSeconds:0.0} s.");
        Terminal.Result("");
        JobView.Write(job);
        Terminal.Result("");
        DemoAccountsCommand.Show(accounts);
        Terminal.Result("");
        Terminal.Result("Open this and sign in as the doctor; the segmentation lies over the image:");
        Terminal.Result($"{MeshState.Read(data)!.Http}/viewer?StudyInstanceUIDs={study}&mccJob={job.Name}");
    }

    private static async Task<(string Study, string Series)> UploadAsync(MeshConnection doctor, CancellationToken cancellationToken)
    {
        (string Study, string Series) stored = default;
        await StepAsync("Making and uploading a brain MR series", async () =>
        {
            using DemoSeries files = await DemoSeries.MakeAsync(cancellationToken).ConfigureAwait(false);
            IReadOnlyList<UploadFile> list = UploadFiles.List([files.Directory]);
            Uploader uploader = new(doctor.Studies, list, (_, _) => { });
            Study.V1.Upload upload = await uploader.OpenAsync(null, cancellationToken).ConfigureAwait(false);
            upload = await uploader.RunAsync(upload, cancellationToken).ConfigureAwait(false);
            if (uploader.Report.Refused > 0 || uploader.Report.Series.Count() != 1)
            {
                uploader.Report.Write(upload, TimeSpan.Zero, uploader.BytesSent);
                throw CliException.Failed("The demo series was not stored.");
            }

            stored = uploader.Report.Series.Single();
            return uploader.Report.Stored > 0 ? $"{uploader.Report.Stored} slices, {Terminal.Bytes(uploader.BytesSent)}" : $"{uploader.Report.Duplicates} slices (there already)";
        }).ConfigureAwait(false);
        return stored;
    }

    private static async Task<(Job Job, bool Reused)> InferAsync(MeshConnection doctor, ModelVersion version, string study, string series, CancellationToken cancellationToken)
    {
        ListJobsResponse earlier = await doctor.Jobs.ListJobsAsync(new ListJobsRequest { SeriesInstanceUid = series, PageSize = 100 },
            deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (earlier.Jobs.FirstOrDefault(j => j.ModelVersion == version.Name && j.State == Job.Types.State.Succeeded) is { } done)
        {
            return (done, true);
        }

        Job job = await InferCommand.StartAsync(doctor, new RunInferenceRequest { Model = version.Name, SeriesInstanceUid = series, StudyInstanceUid = study }, cancellationToken).ConfigureAwait(false);
        job = await InferCommand.WaitAsync(doctor, job, cancellationToken).ConfigureAwait(false);
        return job.State == Job.Types.State.Succeeded ? (job, false)
            : throw CliException.Failed($"The job ended as {job.State}: {(job.Error is { } e ? $"{RpcReason.Name(e.Reason)}: {e.Message}" : "")}", $"Look at it: mcc jobs show {job.Name} --as doctor");
    }

    private static async Task StepAsync(string title, Func<Task<string>> work)
    {
        Stopwatch watch = Stopwatch.StartNew();
        Terminal.Note($"{title} …");
        string outcome = await work().ConfigureAwait(false);
        Terminal.Note($"  {outcome} ({watch.Elapsed.TotalSeconds:0.0} s)");
    }
}
