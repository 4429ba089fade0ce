namespace MedCloudCare.Cli.Launcher;

/// <summary>What <c>mcc up</c> was asked for.</summary>
/// <param name="Http">Public HTTP port on loopback; 0 takes a free one.</param>
/// <param name="Https">Public HTTPS port on loopback; 0 takes a free one.</param>
/// <param name="Replicas">Pods per awake model version.</param>
/// <param name="Otlp">Where traces and metrics are sent (OTLP endpoint); empty: nowhere.</param>
/// <param name="Only">The services to start; null for all. Less than all is for work on a single service.</param>
internal sealed record MeshOptions(int Http, int Https, int Replicas, string Otlp, IReadOnlyList<string>? Only = null)
{
    /// <summary>Ports of the DIMSE door.</summary>
    public DoorPorts Door { get; init; } = DoorPorts.Standard;

    /// <summary>Where packs are kept; null for where they are already.</summary>
    public ObjectStoreChoice? Objects { get; init; }

    /// <summary>The services to start, in order.</summary>
    public IReadOnlyList<string> Started => Only is null ? MeshServices.All : [.. MeshServices.All.Where(Only.Contains)];

    /// <summary>The default public HTTP port.</summary>
    public const int DefaultHttp = 8080;

    /// <summary>The default public HTTPS port.</summary>
    public const int DefaultHttps = 8443;

    /// <summary>The default number of pods.</summary>
    public const int DefaultReplicas = 3;
}
