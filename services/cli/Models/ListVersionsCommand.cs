using System.CommandLine;
using System.Globalization;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Models;

/// <summary><c>mcc models versions</c>: what was published when.</summary>
internal static class ListVersionsCommand
{
    public static Command Create()
    {
        Argument<string> model = ShowModelCommand.ModelArgument();
        Command command = new Command("versions", "List the versions of a model, newest first.") { model, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            ListModelVersionsRequest request = new() { Parent = await ModelNames.ResolveAsync(mesh, parsed.GetRequiredValue(model), cancellationToken).ConfigureAwait(false), PageSize = 500 };
            ResultList<ModelVersion> list = new(parsed.GetValue(CommonOptions.Json), ["NO", "PUBLISHED", "FILES", "DIGEST", "VERSION"], v =>
            [
                v.Number.ToString(CultureInfo.InvariantCulture), v.CreateTime?.ToDateTime().ToString("u", CultureInfo.InvariantCulture) ?? "",
                v.Files.Count.ToString(CultureInfo.InvariantCulture), v.Digest, v.Name,
            ]);
            do
            {
                ListModelVersionsResponse page = await mesh.Models.ListModelVersionsAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
                foreach (ModelVersion version in page.Versions)
                {
                    list.Add(version);
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
