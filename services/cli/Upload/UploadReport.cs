using System.Text.Json.Nodes;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.Cli.Upload;

/// <summary>What became of the files of an upload.</summary>
internal sealed class UploadReport
{
    private readonly List<(string File, InstanceResult Result)> _refused = [];
    private readonly List<(string File, InstanceResult Result)> _warned = [];
    private readonly SortedDictionary<(string Study, string Series), int> _series = [];

    /// <summary>Stored by this command.</summary>
    public int Stored { get; private set; }

    /// <summary>Were there already.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Were refused.</summary>
    public int Refused => _refused.Count;

    /// <summary>Committed by a call whose answer was lost: their outcome is in the upload's counts only.</summary>
    public long Unreported { get; private set; }

    /// <summary>Takes the results of a call.</summary>
    public void Add(IEnumerable<InstanceResult> results, IReadOnlyList<UploadFile> files)
    {
        foreach (InstanceResult result in results)
        {
            string file = result.Number >= 0 && result.Number < files.Count ? files[(int)result.Number].Path : $"#{result.Number}";
            if (result.Warnings.Count > 0)
            {
                _warned.Add((file, result));
            }

            switch (result.Outcome)
            {
                case Outcome.Stored:
                    Stored++;
                    break;
                case Outcome.Duplicate:
                    Duplicates++;
                    break;
                default:
                    _refused.Add((file, result));
                    continue;
            }

            (string, string) key = (result.StudyInstanceUid, result.SeriesInstanceUid);
            _series[key] = _series.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>Notes instances whose call broke after they were committed.</summary>
    public void AddUnreported(long count) => Unreported += count;

    /// <summary>The series that now hold what was sent, as (study UID, series UID).</summary>
    public IEnumerable<(string Study, string Series)> Series => _series.Keys;

    /// <summary>Writes it for people: refused files and series of this command, counts of the whole upload.</summary>
    public void Write(Study.V1.Upload upload, TimeSpan elapsed, long bytes)
    {
        foreach ((string file, InstanceResult result) in _refused)
        {
            Terminal.Note($"refused {file}: {RpcReason.Name(result.Reason)}: {result.Message}");
        }

        foreach ((string file, InstanceResult result) in _warned)
        {
            Terminal.Note($"warning {file}: {string.Join(", ", result.Warnings.Select(WarningText))}");
        }

        foreach (((string study, string series), int count) in _series)
        {
            Terminal.Result($"study {study}  series {series}  {count} instance{(count == 1 ? "" : "s")}");
        }

        string lost = Unreported > 0 ? $" ({Unreported} of them by calls that broke after the commit)" : "";
        Terminal.Note($"{upload.StoredInstances} stored, {upload.DuplicateInstances} already there, {upload.RefusedInstances} refused{lost}; {Terminal.Bytes(bytes)} in {elapsed.TotalSeconds:0.0} s ({upload.Name})");
    }

    private static string WarningText(InstanceWarning warning) => warning switch
    {
        InstanceWarning.PreambleCleared => "its preamble could have made it an executable and was zeroed",
        InstanceWarning.PatientDiffers => "it names another patient than its study, which is kept under the first one",
        InstanceWarning.PatientNameDiffers => "it names its patient otherwise than its study, which keeps the first name",
        _ => warning.ToString(),
    };

    /// <summary>The same for programs: what this command was told, and the totals of the whole upload.</summary>
    public JsonObject ToJson(Study.V1.Upload upload, TimeSpan elapsed, long bytes) => new()
    {
        ["upload"] = upload.Name,
        ["stored"] = Stored,
        ["duplicates"] = Duplicates,
        ["refused"] = Refused,
        ["unreported"] = Unreported,
        ["totals"] = new JsonObject
        {
            ["committedInstances"] = upload.CommittedInstances,
            ["storedInstances"] = upload.StoredInstances,
            ["duplicateInstances"] = upload.DuplicateInstances,
            ["refusedInstances"] = upload.RefusedInstances,
            ["storedBytes"] = upload.StoredBytes,
        },
        ["sentBytes"] = bytes,
        ["seconds"] = Math.Round(elapsed.TotalSeconds, 3),
        ["series"] = new JsonArray([.. _series.Select(s => new JsonObject
        {
            ["studyInstanceUid"] = s.Key.Study,
            ["seriesInstanceUid"] = s.Key.Series,
            ["instances"] = s.Value,
        })]),
        ["warnings"] = new JsonArray([.. _warned.Select(w => new JsonObject
        {
            ["file"] = w.File,
            ["warnings"] = new JsonArray([.. w.Result.Warnings.Select(x => JsonValue.Create(x.ToString()))]),
        })]),
        ["refusedFiles"] = new JsonArray([.. _refused.Select(r => new JsonObject
        {
            ["file"] = r.File,
            ["reason"] = RpcReason.Name(r.Result.Reason),
            ["message"] = r.Result.Message,
        })]),
    };
}
