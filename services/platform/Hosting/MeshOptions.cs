namespace MedCloudCare.Platform.Hosting;

/// <summary>The <c>Mesh</c> section of a process's configuration file (named by <c>MCC_CONFIG</c>).</summary>
public sealed class MeshOptions
{
    /// <summary>Name of this service, as in its certificate.</summary>
    public string Service { get; set; } = "";

    /// <summary>Where to listen: <c>https://address:port</c>.</summary>
    public string Listen { get; set; } = "";

    /// <summary>Directory with <c>ca.crt</c>, <c>{service}.crt</c> and <c>{service}.key</c> (PEM).</summary>
    public string Pki { get; set; } = "";

    /// <summary>Base address of each service of the mesh.</summary>
    public Dictionary<string, string> Services { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Npgsql connection string with this service's own role and schema; empty for a process without a database.</summary>
    public string Database { get; set; } = "";

    /// <summary>Data directory of an embedded mesh.</summary>
    public string Data { get; set; } = "";

    /// <summary>OTLP endpoint for traces and metrics; empty: none are exported, metrics can still be scraped.</summary>
    public string Otlp { get; set; } = "";

    /// <summary>Whether the text of unexpected exceptions is logged. Off by default, since it may quote patient data.</summary>
    public bool LogExceptionMessages { get; set; }
}

/// <summary>What a host is in code rather than in configuration.</summary>
public sealed class MeshServiceOptions
{
    /// <summary>Name of the service, as in its certificate: <c>study</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The peers that may open a connection at all, by the name in their certificate.</summary>
    public required IReadOnlyList<string> Peers { get; init; }
}
