using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Archive;

/// <summary><c>mcc archive rebuild</c>: makes rows for what the store holds.</summary>
internal static class RebuildCommand
{
    public static Command Create()
    {
        Command command = new("rebuild", """
            Make a lost database again from the object store and the keys alone: every study, series and instance with its
            owner. Adds what is missing and changes nothing else, so it may be repeated. Accounts, grants, models and jobs are
            not in the object store: only a backup of the database has them.
            """) { CommonOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using ArchiveConnection mesh = ArchiveConnection.Open(parsed.DataDirectory());
            using AsyncServerStreamingCall<RebuildArchiveResponse> call = mesh.Client.RebuildArchive(new RebuildArchiveRequest(), cancellationToken: cancellationToken);
            RebuildArchiveResponse.Types.Summary summary = await ProgressView.RunAsync("Rebuilding the archive", async tell =>
            {
                RebuildArchiveResponse.Types.Summary? end = null;
                await foreach (RebuildArchiveResponse message in call.ResponseStream.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                {
                    end = message.Summary ?? end;
                    if (message.Finding is { } finding)
                    {
                        Terminal.Note($"{finding.Object}: {finding.Detail}");
                    }
                    else if (message.Progress is { GroupsTotal: > 0 } progress)
                    {
                        tell((double)progress.GroupsDone / progress.GroupsTotal, string.Create(CultureInfo.InvariantCulture, $"{progress.GroupsDone} of {progress.GroupsTotal} groups"));
                    }
                }

                return end ?? throw CliException.Failed("The study service ended the rebuild without a summary.", "Repeat it: it goes on from there.");
            }).ConfigureAwait(false);
            Terminal.Result(parsed.GetValue(CommonOptions.Json)
                ? MessageJson.Of(summary)
                : string.Create(CultureInfo.InvariantCulture,
                    $"{summary.Instances} instances of {summary.Studies} studies from {summary.Objects} objects; {summary.Erased} objects of deleted studies left out, {summary.Problems} problems."));
            return summary.Problems == 0 ? ExitCode.Ok : ExitCode.Refused;
        });
        return command;
    }
}
