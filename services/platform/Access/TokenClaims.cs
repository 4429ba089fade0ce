using System.Collections.Frozen;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Platform.Access;

/// <summary>The claims of access and delegation tokens: what auth writes and every service reads.</summary>
public static class TokenClaims
{
    /// <summary><c>aud</c> of every token of the mesh.</summary>
    public const string Audience = "medcloudcare";

    /// <summary><c>typ</c> of access tokens (RFC 9068).</summary>
    public const string AccessType = "at+jwt";

    /// <summary><c>typ</c> of delegations.</summary>
    public const string DelegationType = "delegation+jwt";

    /// <summary>The role, by the names of <see cref="NameOf"/>.</summary>
    public const string Role = "role";

    /// <summary><c>active</c> or <c>pending</c>.</summary>
    public const string State = "state";

    /// <summary>Value of <see cref="State"/> for accounts that may act.</summary>
    public const string Active = "active";

    /// <summary>Value of <see cref="State"/> for accounts that wait for approval.</summary>
    public const string Pending = "pending";

    /// <summary>The service that a delegation was given to (RFC 8693 §4.1: <c>act.sub</c>).</summary>
    public const string Actor = "act";

    /// <summary>The resources of a delegation.</summary>
    public const string Resources = "resources";

    private static readonly FrozenDictionary<string, Role> Roles = new Dictionary<string, Role>
    {
        ["health_professional"] = Common.V1.Role.HealthProfessional,
        ["researcher"] = Common.V1.Role.Researcher,
        ["administrator"] = Common.V1.Role.Administrator,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The claim value of a role.</summary>
    public static string NameOf(Role role) => Roles.First(p => p.Value == role).Key;

    /// <summary>The role of a claim value; unspecified for any other text.</summary>
    public static Role RoleOf(string? name) => name is not null && Roles.TryGetValue(name, out var role) ? role : Common.V1.Role.Unspecified;
}
