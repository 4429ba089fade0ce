using Grpc.Core;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Platform.Access;

/// <summary>Names of resources that only delegations have.</summary>
public static class DelegatedResources
{
    /// <summary>Storing into the account's own studies, and nothing else: what the DIMSE door may.</summary>
    public const string Uploads = "uploads";
}

/// <summary>A service's right to act for a user on some resources.</summary>
/// <param name="Resources"><c>series/{SeriesInstanceUID}</c>, <c>models/{id}/versions/{number}</c>, <c>uploads</c></param>
public sealed record Delegation(IReadOnlyList<string> Resources)
{
    /// <summary>Whether it covers a resource.</summary>
    public bool Covers(string resource) => Resources.Contains(resource, StringComparer.Ordinal);
}

/// <summary>Who makes a call, as the access rule of the RPC has let in.</summary>
public sealed record Caller
{
    /// <summary>The account that is acted for; empty where a service calls for itself or the caller is anonymous.</summary>
    public Guid AccountId { get; init; }

    /// <summary>The account's role; unspecified without an account.</summary>
    public Role Role { get; init; }

    /// <summary>The peer at the other end of the connection: <c>gateway</c>, <c>inference</c> …</summary>
    public string Peer { get; init; } = "";

    /// <summary>Set where a service acts for the account under a delegation.</summary>
    public Delegation? Delegation { get; init; }

    /// <summary>Whether there is an account behind the call.</summary>
    public bool HasAccount => AccountId != Guid.Empty;

    /// <summary>Resource name of the account: <c>accounts/{uuid}</c>.</summary>
    public string AccountName => $"accounts/{AccountId}";
}

/// <summary>The caller of an RPC.</summary>
public static class CallerExtensions
{
    internal static readonly object Key = new();

    /// <summary>Who calls; set by the access interceptor before any handler runs.</summary>
    public static Caller Caller(this ServerCallContext context) => (Caller)context.UserState[Key];

    /// <summary>Headers that pass the caller's own token (or delegation) on to another service.</summary>
    public static Metadata ForwardCaller(this ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders)
        {
            if (entry.Key is MeshHeaders.AuthorizationName or MeshHeaders.DelegationName)
            {
                headers.Add(entry.Key, entry.Value);
            }
        }

        return headers;
    }
}

/// <summary>Names of the headers of the mesh.</summary>
public static class MeshHeaders
{
    /// <summary><c>Bearer {access token}</c></summary>
    public const string AuthorizationName = "authorization";

    /// <summary>A delegation token, in place of an access token.</summary>
    public const string DelegationName = "mcc-delegation";

    /// <summary>Headers of a call under a delegation.</summary>
    public static Metadata Delegation(string token) => new() { { DelegationName, token } };

    /// <summary>Headers of a call with an access token.</summary>
    public static Metadata Bearer(string token) => new() { { AuthorizationName, "Bearer " + token } };
}
