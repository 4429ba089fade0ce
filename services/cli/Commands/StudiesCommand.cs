using System.CommandLine;
using System.Globalization;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc studies</c>: what the caller may see.</summary>
internal static class StudiesCommand
{
    public static Command Create()
    {
        Option<string> name = Filter("--patient-name", "Patient's name; * and ? are wildcards.");
        Option<string> id = Filter("--patient-id", "Patient ID.");
        Option<string> date = Filter("--date", "Study date or range: 20240131, 20240101-20240131, 20240101-.");
        Option<string> modality = Filter("--modality", "MR, CT …");
        Option<string> accession = Filter("--accession-number", "Accession number.");
        Option<string> description = Filter("--description", "Study description; * and ? are wildcards.");
        Option<string> order = Filter("--order-by", "study_date, patient_name, patient_id, study_description or create_time; \" desc\" may follow.");
        Option<int> limit = new("--limit") { Description = "At most this many.", HelpName = "N", DefaultValueFactory = _ => 1000 };
        Command command = new Command("studies", "List studies, newest first.") { name, id, date, modality, accession, description, order, limit, CommonOptions.Json }.WithConnection();
        command.Add(DeleteStudyCommand.Create());
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            ListStudiesRequest request = new()
            {
                PatientName = parsed.GetValue(name),
                PatientId = parsed.GetValue(id),
                StudyDate = parsed.GetValue(date),
                Modality = parsed.GetValue(modality),
                AccessionNumber = parsed.GetValue(accession),
                StudyDescription = parsed.GetValue(description),
                OrderBy = parsed.GetValue(order),
            };
            await ListAsync(mesh, request, Math.Max(1, parsed.GetValue(limit)), parsed.GetValue(CommonOptions.Json), cancellationToken).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task ListAsync(MeshConnection mesh, ListStudiesRequest request, int limit, bool json, CancellationToken cancellationToken)
    {
        ResultList<Study.V1.Study> list = new(json, ["DATE", "PATIENT", "ID", "MODALITIES", "SERIES", "INSTANCES", "DESCRIPTION", "STUDY"], s =>
        [
            s.StudyDate, s.PatientName, s.PatientId, string.Join('/', s.Modalities), s.SeriesCount.ToString(CultureInfo.InvariantCulture),
            s.InstanceCount.ToString(CultureInfo.InvariantCulture), s.StudyDescription, s.StudyInstanceUid,
        ]);
        int total;
        do
        {
            request.PageSize = Math.Min(500, limit - list.Count);
            ListStudiesResponse page = await mesh.Studies.ListStudiesAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            foreach (Study.V1.Study study in page.Studies)
            {
                list.Add(study);
            }

            total = page.TotalSize;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0 && list.Count < limit);
        list.Write();
        if (list.Count < total || list.Count == 0)
        {
            Terminal.Note(list.Count == 0 ? "No study matches." : $"{list.Count} of {total} studies; --limit shows more.");
        }
    }

    private static Option<string> Filter(string name, string description) =>
        new(name) { Description = description, HelpName = "TEXT", DefaultValueFactory = _ => "" };
}
