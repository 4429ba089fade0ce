namespace MedCloudCare.Cli.Launcher;

/// <summary>Where the processes of a mesh listen; loopback only.</summary>
/// <param name="Http">Public address without TLS, for browsers on this machine.</param>
/// <param name="Https">Public address with TLS.</param>
/// <param name="Services">Mutual TLS addresses by name, the gateway's inner one among them.</param>
internal sealed record MeshAddresses(string Http, string Https, IReadOnlyDictionary<string, string> Services)
{
    /// <summary>The DIMSE door without TLS: <c>address:port</c>; empty for none.</summary>
    public string Dicom { get; init; } = "";

    /// <summary>The DIMSE door with TLS: <c>address:port</c>; empty for none.</summary>
    public string DicomTls { get; init; } = "";

    /// <summary>Those of a mesh that runs.</summary>
    public static MeshAddresses Of(MeshState state) => new(state.Http, state.Https, state.Services) { Dicom = state.Dicom, DicomTls = state.DicomTls };

    /// <summary>Chooses ports: those asked for, those of the last run where they are free, any otherwise.</summary>
    /// <exception cref="CliException">A port that was asked for is taken.</exception>
    public static MeshAddresses Choose(MeshOptions options, MeshState? last)
    {
        HashSet<int> taken = [];
        int http = FreePorts.TakeNamed(taken, options.Http, PortOf(last?.Http), "--http");
        int https = FreePorts.TakeNamed(taken, options.Https, PortOf(last?.Https), "--https");
        string dicom = DoorPorts.Choose(taken, options.Door.Plain, DoorPorts.StandardPlain, last?.Dicom, "--dicom");
        string dicomTls = DoorPorts.Choose(taken, options.Door.Tls, DoorPorts.StandardTls, last?.DicomTls, "--dicom-tls");
        Dictionary<string, string> services = new(StringComparer.Ordinal);
        foreach (string service in MeshServices.All)
        {
            int port = FreePorts.Take(taken, PortOf(last?.Services.GetValueOrDefault(service)));
            services[service] = $"https://127.0.0.1:{port}";
        }

        return new MeshAddresses($"http://127.0.0.1:{http}", $"https://127.0.0.1:{https}", services) { Dicom = dicom, DicomTls = dicomTls };
    }

    private static int PortOf(string? address) => Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) ? uri.Port : 0;
}
