using System.Security.Cryptography;
using Grpc.Core;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Publish;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Demo;

/// <summary>The example model, published for everybody.</summary>
internal static class DemoModel
{
    /// <summary>Publishes it, or finds the version that holds exactly these files.</summary>
    /// <returns>The version and whether it is new.</returns>
    public static async Task<(ModelVersion Version, bool Published)> EnsureAsync(MeshConnection researcher, CancellationToken cancellationToken)
    {
        string directory = Path.Combine(RepositoryLayout.Find().Root, "services", "pods", "python", "examples", "brain-tissue");
        ModelPackage package = ModelPackage.Open(directory);
        PublishModelRequest.Types.Start start = new() { Form = new ModelForm(), Visibility = Visibility.Public, UpdateExisting = true };
        ModelFormFile.Read(package.Form ?? throw CliException.Failed($"'{directory}' has no model.json."), "model.json", start.Form);
        if (await FindAsync(researcher, start.Form, package, cancellationToken).ConfigureAwait(false) is { } existing)
        {
            return (existing, false);
        }

        PublishModelResponse published = await ModelPublisher.RunAsync(researcher.Models, start, package, (_, _) => { }, cancellationToken).ConfigureAwait(false);
        return (published.Version, true);
    }

    private static async Task<ModelVersion?> FindAsync(MeshConnection researcher, ModelForm form, ModelPackage package, CancellationToken cancellationToken)
    {
        await foreach (Model.V1.Model model in Models.ModelNames.ListAsync(researcher, new ListModelsRequest { Owned = true }, cancellationToken).ConfigureAwait(false))
        {
            if (model.Form.DisplayName != form.DisplayName || model.Visibility != Visibility.Public)
            {
                continue;
            }

            ModelVersion version = await researcher.Models.GetModelVersionAsync(new GetModelVersionRequest { Name = model.ActiveVersion },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            return version.Form.Equals(form) && IsSame(version, package) ? version : null;
        }

        return null;
    }

    private static bool IsSame(ModelVersion version, ModelPackage package)
    {
        Dictionary<string, string> there = version.Files.ToDictionary(f => f.Path, f => f.Sha256, StringComparer.Ordinal);
        return there.Count == package.Files.Count
            && package.Files.All(f => there.TryGetValue(f.Path, out string? digest)
                && string.Equals(digest, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f.Source))), StringComparison.OrdinalIgnoreCase));
    }
}
