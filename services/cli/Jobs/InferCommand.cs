using System.CommandLine;
using Grpc.Core;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Models;
using MedCloudCare.Cli.Output;
using MedCloudCare.Inference.V1;

namespace MedCloudCare.Cli.Jobs;

/// <summary><c>mcc infer</c>: a model on a series.</summary>
internal static class InferCommand
{
    private const int StartAttempts = 5;

    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "Display name, models/UUID, or models/UUID/versions/NUMBER.", HelpName = "MODEL", Required = true };
        Option<string> series = new("--series") { Description = "Series Instance UID.", HelpName = "UID", Required = true };
        Option<string> study = new("--study") { Description = "Study Instance UID, where the series stands in several.", HelpName = "UID", DefaultValueFactory = _ => "" };
        Option<bool> wait = new("--wait") { Description = "Wait for the result; exit code 1 if the job fails. Ctrl-C stops waiting, the job goes on." };
        Command command = new Command("infer", "Apply a model to a series. Prints the job; it goes on whatever happens to this command.") { model, series, study, wait, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            RunInferenceRequest request = new()
            {
                Model = await ModelNames.ResolveAsync(mesh, parsed.GetRequiredValue(model), cancellationToken).ConfigureAwait(false),
                SeriesInstanceUid = parsed.GetRequiredValue(series),
                StudyInstanceUid = parsed.GetValue(study),
            };
            Job job = await StartAsync(mesh, request, cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(wait))
            {
                Terminal.Note(job.Name);
                job = await WaitAsync(mesh, job, cancellationToken).ConfigureAwait(false);
            }

            if (parsed.GetValue(CommonOptions.Json))
            {
                Terminal.Result(MessageJson.Of(job));
            }
            else
            {
                JobView.Write(job);
            }

            return job.State is Job.Types.State.Failed or Job.Types.State.Cancelled ? ExitCode.Refused : ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Starts a job. With a request id of its own it can be asked for again without starting a second one.</summary>
    internal static async Task<Job> StartAsync(MeshConnection mesh, RunInferenceRequest request, CancellationToken cancellationToken)
    {
        request.RequestId = Guid.NewGuid().ToString("N");
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await mesh.Jobs.RunInferenceAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable && attempt < StartAttempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250 << attempt), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits for a job and shows how far it is.</summary>
    internal static Task<Job> WaitAsync(MeshConnection mesh, Job job, CancellationToken cancellationToken) =>
        ProgressView.RunAsync($"Running {job.ModelDisplayName}", report => JobWatcher.WaitAsync(mesh.Jobs, job, report, cancellationToken));
}
