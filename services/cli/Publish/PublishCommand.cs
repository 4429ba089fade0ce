using System.CommandLine;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Publish;

/// <summary><c>mcc models publish</c>: a directory or zip becomes a model, or a new version of one.</summary>
internal static class PublishCommand
{
    private static readonly (string Flag, string Field, string Description)[] Fields =
    [
        ("--name", "displayName", "Name of the model (1 to 80 characters)."),
        ("--description", "description", "What it does and for whom."),
        ("--architecture", "architecture", "Architecture."),
        ("--task", "task", "segmentation, detection, classification, localisation, registration or processing."),
        ("--modality", "modality", "Modality it is made for: MR, CT … (none: any)."),
        ("--body-part", "bodyPart", "Body part it is made for: BRAIN … (none: any)."),
        ("--framework", "framework", "Framework."),
        ("--performance", "performance", "Measured performance."),
        ("--data-description", "dataDescription", "What it was trained and tested on."),
        ("--input", "input", "What it takes."),
        ("--output", "output", "What it gives."),
        ("--references", "references", "Publications."),
    ];

    public static Command Create()
    {
        Argument<string> path = new("path") { Description = "Directory with main.py, or a zip of one." };
        Option<FileInfo?> formFile = new("--form") { Description = "JSON file with the form's fields (default: model.json in the package).", HelpName = "FILE" };
        Option<string?> visibility = new("--visibility") { Description = "private (you and those you share it with) or public (everybody may run it)." };
        visibility.AcceptOnlyFromAmong("private", "public");
        Option<string?> model = new("--model") { Description = "Publish a new version of this model of yours.", HelpName = "models/UUID" };
        Option<bool> isNew = new("--new") { Description = "Refuse if a model of yours has this name already (default: publish a new version of it)." };
        (string Field, Option<string?> Option)[] fields = [.. Fields.Select(f => (f.Field, new Option<string?>(f.Flag) { Description = f.Description, HelpName = "TEXT" }))];
        Command command = new("publish", "Publish a model, or a new version of it. The package is validated; a refused one leaves nothing behind.") { path, formFile, visibility, model, isNew, CommonOptions.Json };
        foreach ((_, Option<string?> option) in fields)
        {
            command.Add(option);
        }

        command.WithConnection().SetAction(async (parsed, cancellationToken) =>
        {
            ModelPackage package = ModelPackage.Open(parsed.GetRequiredValue(path));
            PublishModelRequest.Types.Start start = new() { Form = new ModelForm(), Model = parsed.GetValue(model) ?? "", UpdateExisting = !parsed.GetValue(isNew) };
            byte[]? form = parsed.GetValue(formFile) is { } named ? await File.ReadAllBytesAsync(named.FullName, cancellationToken).ConfigureAwait(false) : package.Form;
            Visibility written = form is null ? Visibility.Unspecified : ModelFormFile.Read(form, parsed.GetValue(formFile)?.Name ?? "model.json", start.Form);
            foreach ((string field, Option<string?> option) in fields.Where(f => parsed.GetValue(f.Option) is not null))
            {
                ModelFormFile.Set(start.Form, field, parsed.GetValue(option)!, option.Name);
            }

            start.Visibility = parsed.GetValue(visibility) is { } chosen ? ModelFormFile.VisibilityOf(chosen, "--visibility")
                : written == Visibility.Unspecified ? Visibility.Private : written;
            using MeshConnection mesh = MeshConnection.Open(parsed);
            PublishModelResponse published = await SendAsync(mesh, start, package, cancellationToken).ConfigureAwait(false);
            Terminal.Result(parsed.GetValue(CommonOptions.Json) ? MessageJson.Of(published) : published.Version.Name);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Sends the package and shows how far it is.</summary>
    internal static Task<PublishModelResponse> SendAsync(MeshConnection mesh, PublishModelRequest.Types.Start start, ModelPackage package, CancellationToken cancellationToken) =>
        ProgressView.RunAsync($"Publishing {start.Form.DisplayName}", report => ModelPublisher.RunAsync(mesh.Models, start, package, report, cancellationToken));
}
