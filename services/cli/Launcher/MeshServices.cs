namespace MedCloudCare.Cli.Launcher;

/// <summary>The processes of a mesh, by name.</summary>
internal static class MeshServices
{
    /// <summary>The database server.</summary>
    public const string Postgres = "postgres";

    /// <summary>The public face.</summary>
    public const string Gateway = "gateway";

    /// <summary>The name in the command line's own certificate.</summary>
    public const string Operator = "operator";

    /// <summary>Certificate of the gateway's public port.</summary>
    public const string PublicCertificate = "gateway-public";

    /// <summary>The services behind the gateway: those with a database of their own.</summary>
    public static readonly IReadOnlyList<string> WithDatabase = ["auth", "study", "sharing", "model", "inference"];

    /// <summary>Every .NET process.</summary>
    public static readonly IReadOnlyList<string> All = [.. WithDatabase, Gateway];

    /// <summary>The database role of a service.</summary>
    public static string RoleOf(string service) => "mcc_" + service;

    /// <summary>The project (and assembly) of a service.</summary>
    public static string ProjectOf(string service) => "MedCloudCare." + char.ToUpperInvariant(service[0]) + service[1..];
}
