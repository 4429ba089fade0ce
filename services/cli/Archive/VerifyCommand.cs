using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Core;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;
using Problem = MedCloudCare.Study.V1.VerifyArchiveResponse.Types.Finding.Types.Problem;

namespace MedCloudCare.Cli.Archive;

/// <summary><c>mcc archive verify</c>: every object against the database.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        Option<bool> quick = new("--quick") { Description = "Check existence, lengths and manifests only; read no images." };
        Command command = new("verify", "Check every object of the store against the database. Exit code 0: all is well; 1: something is missing or damaged.")
        {
            quick,
            CommonOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using ArchiveConnection mesh = ArchiveConnection.Open(parsed.DataDirectory());
            bool json = parsed.GetValue(CommonOptions.Json);
            JsonArray findings = [];
            using AsyncServerStreamingCall<VerifyArchiveResponse> call = mesh.Client.VerifyArchive(
                new VerifyArchiveRequest { Quick = parsed.GetValue(quick) }, cancellationToken: cancellationToken);
            VerifyArchiveResponse.Types.Summary summary = await ProgressView.RunAsync("Checking the archive", async tell =>
            {
                VerifyArchiveResponse.Types.Summary? end = null;
                await foreach (VerifyArchiveResponse message in call.ResponseStream.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                {
                    end = message.Summary ?? end;
                    Take(message, json ? findings : null, tell);
                }

                return end ?? throw CliException.Failed("The study service ended the check without a summary.", "Try again.");
            }).ConfigureAwait(false);
            Report(summary, json ? findings : null);
            return summary.Problems == 0 ? ExitCode.Ok : ExitCode.Refused;
        });
        return command;
    }

    private static void Take(VerifyArchiveResponse message, JsonArray? findings, Action<double, string> tell)
    {
        if (message.Progress is { } progress)
        {
            double done = progress.BytesTotal > 0 ? (double)progress.BytesChecked / progress.BytesTotal : 0;
            tell(Math.Min(done, 1), string.Create(CultureInfo.InvariantCulture,
                $"{progress.ObjectsChecked} of {progress.ObjectsTotal} objects, {Terminal.Bytes(progress.BytesChecked)}"));
        }
        else if (message.Finding is { } finding && findings is not null)
        {
            findings.Add(new JsonObject
            {
                ["object"] = finding.Object,
                ["study"] = finding.Study.Length > 0 ? finding.Study : null,
                ["problem"] = NameOf(finding.Problem),
                ["detail"] = finding.Detail,
            });
        }
        else if (message.Finding is { } told)
        {
            Terminal.Result($"{told.Object}  {NameOf(told.Problem)}  {(told.Study.Length > 0 ? told.Study + "  " : "")}{Terminal.Safe(told.Detail)}");
        }
    }

    private static void Report(VerifyArchiveResponse.Types.Summary summary, JsonArray? findings)
    {
        if (findings is not null)
        {
            Terminal.Result(new JsonObject
            {
                ["objects"] = summary.Objects,
                ["instances"] = summary.Instances,
                ["bytes"] = summary.Bytes,
                ["problems"] = summary.Problems,
                ["unreferenced"] = summary.Unreferenced,
                ["findings"] = findings,
            }.ToJsonString());
            return;
        }

        Terminal.Result(string.Create(CultureInfo.InvariantCulture,
            $"{summary.Objects} objects with {summary.Instances} instances, {Terminal.Bytes(summary.Bytes)}: {summary.Problems} problems, {summary.Unreferenced} objects that nothing refers to."));
    }

    /// <summary>OBJECT_MISSING …, as the contract has it.</summary>
    private static string NameOf(Problem problem) =>
        VerifyArchiveResponse.Types.Finding.Descriptor.EnumTypes[0].FindValueByNumber((int)problem)?.Name ?? problem.ToString();
}
