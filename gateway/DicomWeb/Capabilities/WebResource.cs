namespace MedCloudCare.Gateway.DicomWeb.Capabilities;

/// <summary>One method of an address, as the capability document describes it.</summary>
/// <param name="Verb">GET, POST or DELETE.</param>
/// <param name="Id">Name of the transaction (PS3.18 §10, annex H).</param>
/// <param name="Accepts">Media types of the request's body; empty where it has none.</param>
/// <param name="Answers">Media types of the answer; empty where it has no body.</param>
/// <param name="Parameters">Names of query parameters.</param>
/// <param name="Statuses">HTTP statuses beside 401, 403 and 429.</param>
internal sealed record WebMethod(string Verb, string Id, string[] Accepts, string[] Answers, string[] Parameters, int[] Statuses);

/// <summary>An address below the service's base, with parameters in braces.</summary>
internal sealed record WebResource(string Path, params WebMethod[] Methods)
{
    /// <summary>Whether a path, without a slash at its ends, is one of this address.</summary>
    public bool Fits(ReadOnlySpan<char> path)
    {
        var template = Path.Split('/');
        var segments = path.ToString().Split('/');
        var isOpen = template[^1].StartsWith("{+", StringComparison.Ordinal);
        if (isOpen ? segments.Length < template.Length : segments.Length != template.Length) return false;
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i][0] != '{' && template[i] != segments[i]) return false;
        }

        return true;
    }
}
