using System.CommandLine;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Models;
using MedCloudCare.Cli.Output;
using MedCloudCare.Sharing.V1;

namespace MedCloudCare.Cli.Grants;

/// <summary><c>mcc grants</c>: who else may see a study or run a model.</summary>
internal static class GrantsCommand
{
    public static Command Create() => new("grants", "Share studies and models, and take that back.") { CreateGrant(), List(), Delete() };

    private static Command CreateGrant()
    {
        (Option<string?> study, Option<string?> model) = ResourceOptions();
        Option<string> to = new("--to") { Description = "E-mail address, or accounts/UUID.", HelpName = "ACCOUNT", Required = true };
        Option<string> permission = new("--permission") { Description = "What they may do; each includes those before it.", DefaultValueFactory = _ => "view" };
        permission.AcceptOnlyFromAmong("view", "annotate", "edit");
        Command command = new Command("create", "Share a study or a model of yours. A second grant to the same account replaces the first.") { study, model, to, permission, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            CreateGrantRequest request = new()
            {
                Resource = await ResourceAsync(mesh, parsed.GetValue(study), parsed.GetValue(model), cancellationToken).ConfigureAwait(false)
                    ?? throw new CliException(ExitCode.Usage, "What is to be shared?", "Name it with --study or --model."),
                Permission = Enum.Parse<Permission>(parsed.GetRequiredValue(permission), ignoreCase: true),
            };
            string grantee = parsed.GetRequiredValue(to);
            if (grantee.StartsWith("accounts/", StringComparison.Ordinal))
            {
                request.Grantee = grantee;
            }
            else
            {
                request.GranteeEmail = grantee;
            }

            Grant grant = await mesh.Grants.CreateGrantAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Result(parsed.GetValue(CommonOptions.Json) ? MessageJson.Of(grant) : grant.Name);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command List()
    {
        (Option<string?> study, Option<string?> model) = ResourceOptions();
        Option<bool> received = new("--received") { Description = "Those that you were given, instead of those that you gave." };
        Command command = new Command("list", "List grants, newest first.") { study, model, received, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            ListGrantsRequest request = new()
            {
                PageSize = 500,
                Received = parsed.GetValue(received),
                Resource = await ResourceAsync(mesh, parsed.GetValue(study), parsed.GetValue(model), cancellationToken).ConfigureAwait(false) ?? "",
            };
            ResultList<Grant> list = new(parsed.GetValue(CommonOptions.Json), ["PERMISSION", "TO", "RESOURCE", "GRANT"],
                g => [g.Permission.ToString().ToLowerInvariant(), g.GranteeDisplayName, g.Resource, g.Name]);
            do
            {
                ListGrantsResponse page = await mesh.Grants.ListGrantsAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
                foreach (Grant grant in page.Grants)
                {
                    list.Add(grant);
                }

                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            list.Write();
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Delete()
    {
        Argument<string> name = new("grant") { Description = "grants/UUID." };
        Command command = new Command("delete", "Take a grant back; in force from the next request on.") { name }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            await mesh.Grants.DeleteGrantAsync(new DeleteGrantRequest { Name = parsed.GetRequiredValue(name) },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }

    private static (Option<string?> Study, Option<string?> Model) ResourceOptions() => (
        new Option<string?>("--study") { Description = "Study Instance UID, or studies/UUID.", HelpName = "STUDY" },
        new Option<string?>("--model") { Description = "Display name, or models/UUID.", HelpName = "MODEL" });

    private static async Task<string?> ResourceAsync(MeshConnection mesh, string? study, string? model, CancellationToken cancellationToken) =>
        study is not null ? await StudyNames.ResolveAsync(mesh, study, cancellationToken).ConfigureAwait(false)
        : model is not null ? await ModelNames.ResolveAsync(mesh, model, cancellationToken).ConfigureAwait(false)
        : null;
}
