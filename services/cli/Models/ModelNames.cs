using MedCloudCare.Cli.Connections;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Models;

/// <summary>Models by what people have at hand: their display name.</summary>
internal static class ModelNames
{
    /// <summary>
    /// The resource name of a model or version: given as such, as a bare UUID, or as a display name (case does not
    /// matter; one's own model comes before others' of that name).
    /// </summary>
    /// <exception cref="CliException">None is visible, or several of that name are.</exception>
    public static async Task<string> ResolveAsync(MeshConnection mesh, string model, CancellationToken cancellationToken)
    {
        if (model.StartsWith("models/", StringComparison.Ordinal))
        {
            return model;
        }

        if (Guid.TryParse(model, out Guid id))
        {
            return $"models/{id:D}";
        }

        List<Model.V1.Model> named = [];
        await foreach (Model.V1.Model candidate in ListAsync(mesh, new ListModelsRequest(), cancellationToken).ConfigureAwait(false))
        {
            if (string.Equals(candidate.Form.DisplayName, model, StringComparison.OrdinalIgnoreCase))
            {
                named.Add(candidate);
            }
        }

        List<Model.V1.Model> own = named.FindAll(m => m.Owned);
        named = own.Count > 0 ? own : named;
        return named.Count switch
        {
            1 => named[0].Name,
            0 => throw CliException.Failed($"NOT_FOUND: no model \"{model}\" is visible to this account.", "See mcc models list."),
            _ => throw CliException.Failed($"{named.Count} models are called \"{model}\": {string.Join(", ", named.Select(m => m.Name))}.", "Name the one that is meant."),
        };
    }

    /// <summary>The resource name of a version: as such, or a model's active one.</summary>
    public static async Task<string> ResolveVersionAsync(MeshConnection mesh, string model, CancellationToken cancellationToken)
    {
        string name = await ResolveAsync(mesh, model, cancellationToken).ConfigureAwait(false);
        return name.Contains("/versions/", StringComparison.Ordinal) ? name
            : (await mesh.Models.GetModelAsync(new GetModelRequest { Name = name }, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false)).ActiveVersion;
    }

    /// <summary>All models on all pages.</summary>
    public static async IAsyncEnumerable<Model.V1.Model> ListAsync(
        MeshConnection mesh, ListModelsRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        request.PageSize = 500;
        do
        {
            ListModelsResponse page = await mesh.Models.ListModelsAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            foreach (Model.V1.Model model in page.Models)
            {
                yield return model;
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }
}
