using System.CommandLine;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Models;

/// <summary><c>mcc models show</c>: a model's form.</summary>
internal static class ShowModelCommand
{
    public static Command Create()
    {
        Argument<string> model = ModelArgument();
        Command command = new Command("show", "Show a model with the form of its active version.") { model, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            string name = await ModelNames.ResolveAsync(mesh, parsed.GetRequiredValue(model), cancellationToken).ConfigureAwait(false);
            Model.V1.Model found = await mesh.Models.GetModelAsync(new GetModelRequest { Name = name }, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(CommonOptions.Json))
            {
                Terminal.Result(MessageJson.Of(found));
            }
            else
            {
                Show(found);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The argument that names a model.</summary>
    internal static Argument<string> ModelArgument() => new("model") { Description = "Display name, models/UUID, or UUID." };

    private static void Show(Model.V1.Model model)
    {
        ModelForm form = model.Form;
        (string, string)[] lines =
        [
            ("model", model.Name), ("name", form.DisplayName), ("active version", model.ActiveVersion), ("owner", model.Owner),
            ("visibility", model.Visibility.ToString().ToLowerInvariant()), ("task", form.Task.ToString().ToLowerInvariant()),
            ("modality", form.Modality), ("body part", form.BodyPart), ("description", form.Description), ("architecture", form.Architecture),
            ("framework", form.Framework), ("performance", form.Performance), ("data", form.DataDescription), ("input", form.Input),
            ("output", form.Output), ("references", form.References),
        ];
        foreach ((string label, string value) in lines.Where(l => l.Item2.Length > 0))
        {
            Terminal.Result($"{label,-15} {Terminal.Safe(value)}");
        }
    }
}
