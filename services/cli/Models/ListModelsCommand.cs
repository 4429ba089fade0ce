using System.CommandLine;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Cli.Publish;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Models;

/// <summary><c>mcc models list</c>: what the caller may run.</summary>
internal static class ListModelsCommand
{
    public static Command Create()
    {
        Option<string> modality = new("--modality") { Description = "Only models for this modality, or for any.", HelpName = "MR", DefaultValueFactory = _ => "" };
        Option<string> bodyPart = new("--body-part") { Description = "Only models for this body part, or for any.", HelpName = "BRAIN", DefaultValueFactory = _ => "" };
        Option<string?> task = new("--task") { Description = "Only models for this task.", HelpName = "TASK" };
        Option<bool> owned = new("--owned") { Description = "Only your own." };
        Command command = new Command("list", "List the models that you may run, by name.") { modality, bodyPart, task, owned, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            ListModelsRequest request = new()
            {
                Modality = parsed.GetValue(modality),
                BodyPart = parsed.GetValue(bodyPart),
                Owned = parsed.GetValue(owned),
                Task = parsed.GetValue(task) is { } word ? ModelFormFile.TaskOf(word, "--task") : InferType.Unspecified,
            };
            ResultList<Model.V1.Model> list = new(parsed.GetValue(CommonOptions.Json), ["NAME", "TASK", "MODALITY", "BODY PART", "VISIBILITY", "OWN", "ACTIVE VERSION"], m =>
            [
                m.Form.DisplayName, m.Form.Task.ToString().ToLowerInvariant(), m.Form.Modality, m.Form.BodyPart,
                m.Visibility.ToString().ToLowerInvariant(), m.Owned ? "yes" : "no", m.ActiveVersion,
            ]);
            await foreach (Model.V1.Model model in ModelNames.ListAsync(mesh, request, cancellationToken).ConfigureAwait(false))
            {
                list.Add(model);
            }

            list.Write();
            return ExitCode.Ok;
        });
        return command;
    }
}
