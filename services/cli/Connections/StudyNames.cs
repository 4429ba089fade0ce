using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Connections;

/// <summary>Studies by what people have at hand: the UID.</summary>
internal static class StudyNames
{
    /// <summary>The resource name (studies/UUID) of a study given by name or by Study Instance UID.</summary>
    /// <exception cref="CliException">No such study is visible.</exception>
    public static async Task<string> ResolveAsync(MeshConnection mesh, string study, CancellationToken cancellationToken)
    {
        if (study.StartsWith("studies/", StringComparison.Ordinal))
        {
            return study;
        }

        ListStudiesResponse found = await mesh.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = study, PageSize = 2 },
            deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
        // The caller's own study comes before one that was shared with them, as everywhere.
        Study.V1.Study? chosen = found.Studies.FirstOrDefault(s => s.Access == Access.Owner) ?? found.Studies.FirstOrDefault();
        return chosen?.Name ?? throw CliException.Failed($"NOT_FOUND: no study {study} is visible to this account.", "See mcc studies.");
    }
}
