using System.CommandLine;
using System.Globalization;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Inference.V1;

namespace MedCloudCare.Cli.Jobs;

/// <summary><c>mcc jobs</c>: what was asked of models.</summary>
internal static class JobsCommand
{
    public static Command Create() => new("jobs", "List, show and cancel jobs.") { List(), Show(), Cancel() };

    private static Command List()
    {
        Option<string> study = new("--study") { Description = "Only jobs on this study.", HelpName = "UID", DefaultValueFactory = _ => "" };
        Option<string> series = new("--series") { Description = "Only jobs on this series.", HelpName = "UID", DefaultValueFactory = _ => "" };
        Command command = new Command("list", "List your jobs, newest first.") { study, series, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            ListJobsRequest request = new() { PageSize = 500, StudyInstanceUid = parsed.GetValue(study), SeriesInstanceUid = parsed.GetValue(series) };
            ResultList<Job> list = new(parsed.GetValue(CommonOptions.Json), ["CREATED", "STATE", "PROGRESS", "MODEL", "SERIES", "JOB"], j =>
            [
                j.CreateTime?.ToDateTime().ToString("u", CultureInfo.InvariantCulture) ?? "", j.State.ToString().ToLowerInvariant(),
                j.Progress.ToString("P0", CultureInfo.InvariantCulture), j.ModelDisplayName, j.SeriesInstanceUid, j.Name,
            ]);
            do
            {
                ListJobsResponse page = await mesh.Jobs.ListJobsAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
                foreach (Job job in page.Jobs)
                {
                    list.Add(job);
                }

                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            list.Write();
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> name = JobArgument();
        Command command = new Command("show", "Show a job and its result.") { name, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            Job job = await mesh.Jobs.GetJobAsync(new GetJobRequest { Name = Named(parsed.GetRequiredValue(name)) },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Write(job, parsed.GetValue(CommonOptions.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Cancel()
    {
        Argument<string> name = JobArgument();
        Command command = new Command("cancel", "Stop a job. One that has ended stays as it is.") { name, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            Job job = await mesh.Jobs.CancelJobAsync(new CancelJobRequest { Name = Named(parsed.GetRequiredValue(name)) },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Write(job, parsed.GetValue(CommonOptions.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Argument<string> JobArgument() => new("job") { Description = "jobs/UUID, or UUID." };

    private static string Named(string job) => job.StartsWith("jobs/", StringComparison.Ordinal) ? job : "jobs/" + job;

    private static void Write(Job job, bool json)
    {
        if (json)
        {
            Terminal.Result(MessageJson.Of(job));
        }
        else
        {
            JobView.Write(job);
        }
    }
}
