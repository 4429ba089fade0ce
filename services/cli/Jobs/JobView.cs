using System.Globalization;
using MedCloudCare.Cli.Output;
using MedCloudCare.Inference.V1;

namespace MedCloudCare.Cli.Jobs;

/// <summary>Shows a job.</summary>
internal static class JobView
{
    /// <summary>Writes a job for people.</summary>
    public static void Write(Job job)
    {
        Terminal.Result($"{job.Name}  {job.State.ToString().ToUpperInvariant()}  {Terminal.Safe(job.ModelDisplayName)}  {job.Progress.ToString("P0", CultureInfo.InvariantCulture)}");
        if (job.Error is { } error)
        {
            Terminal.Note($"{RpcReason.Name(error.Reason)}: {error.Message}");
            if (error.Detail.Length > 0)
            {
                Terminal.Note(error.Detail);
            }
        }

        if (job.Result is { } result)
        {
            Write(result);
        }
    }

    private static void Write(JobResult result)
    {
        if (result.SeriesInstanceUid.Length > 0)
        {
            Terminal.Result($"series {result.SeriesInstanceUid}  ({result.SopInstanceUids.Count} instance{(result.SopInstanceUids.Count == 1 ? "" : "s")})");
        }

        TextTable segments = new("SEGMENT", "LABEL", "VOXELS", "VOLUME");
        foreach (JobResult.Types.Segment segment in result.Segments)
        {
            segments.Add(Text(segment.Number), segment.Label, Text(segment.Voxels), $"{segment.VolumeMl.ToString("0.0", CultureInfo.InvariantCulture)} ml");
        }

        segments.Write();
        TextTable others = new("FINDING", "VALUE");
        foreach (JobResult.Types.Finding finding in result.Findings)
        {
            others.Add(finding.Label, finding.Probability.ToString("P1", CultureInfo.InvariantCulture));
        }

        foreach (JobResult.Types.Region region in result.Regions)
        {
            others.Add(region.Label, $"{region.Score.ToString("P1", CultureInfo.InvariantCulture)} in {region.SopInstanceUid} frame {region.Frame}");
        }

        foreach (JobResult.Types.Measurement measurement in result.Measurements)
        {
            others.Add(measurement.Label, $"{measurement.Value.ToString("0.###", CultureInfo.InvariantCulture)} {measurement.Unit}");
        }

        others.Write();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
