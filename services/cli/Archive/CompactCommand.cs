using System.CommandLine;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Archive;

/// <summary><c>mcc archive compact</c>: merges and removes now what the service merges and removes from time to time.</summary>
internal static class CompactCommand
{
    public static Command Create()
    {
        Option<double?> idle = Minutes("--idle", "Merge studies into which nothing was stored for this long (default: 5 minutes).");
        Option<double?> grace = Minutes("--grace", "Remove what was merged this long ago (default: 60 minutes); shorter, downloads that are running may fail.");
        Option<double?> orphans = Minutes("--orphan-grace", "Remove objects that nothing refers to and that are older than this (default: 7 days).");
        Command command = new("compact", "Merge small packs and metadata batches, and remove what nothing refers to, now.") { idle, grace, orphans, CommonOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using ArchiveConnection mesh = ArchiveConnection.Open(parsed.DataDirectory());
            CompactArchiveResponse done = await mesh.Client.CompactArchiveAsync(new CompactArchiveRequest
            {
                Idle = ToDuration(parsed.GetValue(idle)),
                Grace = ToDuration(parsed.GetValue(grace)),
                OrphanGrace = ToDuration(parsed.GetValue(orphans)),
            }, cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Result(parsed.GetValue(CommonOptions.Json)
                ? MessageJson.Of(done)
                : string.Create(CultureInfo.InvariantCulture,
                    $"Merged {done.RetiredPacks} packs into {done.WrittenPacks} and joined {done.MergedBatches} metadata batches; removed {done.RemovedPacks} packs that were merged before and {done.RemovedOrphans} objects that nothing refers to."));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Duration? ToDuration(double? minutes) => minutes is { } value ? Duration.FromTimeSpan(TimeSpan.FromMinutes(value)) : null;

    private static Option<double?> Minutes(string name, string description)
    {
        Option<double?> option = new(name) { Description = description, HelpName = "MINUTES" };
        option.Validators.Add(r =>
        {
            if (r.GetValue(option) is < 0 or > 5_000_000)
            {
                r.AddError($"{name} takes minutes, from 0 on.");
            }
        });
        return option;
    }
}
