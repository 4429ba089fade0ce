using System.CommandLine;
using System.Globalization;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc series</c>: the series of a study.</summary>
internal static class SeriesCommand
{
    public static Command Create()
    {
        Argument<string> study = new("study") { Description = "Study Instance UID, or studies/UUID." };
        Command command = new Command("series", "List the series of a study, by series number.") { study, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            ListSeriesRequest request = new()
            {
                Parent = await StudyNames.ResolveAsync(mesh, parsed.GetRequiredValue(study), cancellationToken).ConfigureAwait(false),
                PageSize = 500,
            };
            ResultList<Series> list = new(parsed.GetValue(CommonOptions.Json), ["NO", "MODALITY", "BODY PART", "INSTANCES", "SIZE", "DESCRIPTION", "SERIES"], s =>
            [
                s.HasSeriesNumber ? s.SeriesNumber.ToString(CultureInfo.InvariantCulture) : "-", s.Modality, s.BodyPartExamined,
                s.InstanceCount.ToString(CultureInfo.InvariantCulture), Terminal.Bytes(s.SizeBytes), s.SeriesDescription, s.SeriesInstanceUid,
            ]);
            do
            {
                ListSeriesResponse page = await mesh.Studies.ListSeriesAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
                foreach (Series series in page.Series)
                {
                    list.Add(series);
                }

                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            list.Write();
            return ExitCode.Ok;
        });
        return command;
    }
}
