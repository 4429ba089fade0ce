namespace MedCloudCare.Gateway;

/// <summary>The <c>Gateway</c> section of the configuration.</summary>
internal sealed class GatewayOptions
{
    /// <summary>Address without TLS, for browsers on this machine; loopback only. Empty: none.</summary>
    public string Http { get; set; } = "";

    /// <summary>Address with TLS: HTTP/1.1, HTTP/2 and gRPC. Empty: none.</summary>
    public string Https { get; set; } = "";

    /// <summary>Path of the public certificate without its extension: <c>.crt</c> and <c>.key</c> (PEM) stand beside each other.</summary>
    public string PublicCert { get; set; } = "";

    /// <summary>Directory of the built portal, served under /app/.</summary>
    public string Portal { get; set; } = "";

    /// <summary>Directory of the @ohif/app dist, served at the root.</summary>
    public string Ohif { get; set; } = "";

    /// <summary>Directory of our OHIF extension and app-config.js, served under /ohif-ext/.</summary>
    public string Extension { get; set; } = "";

    /// <summary>The DIMSE door.</summary>
    public Dimse.DoorOptions Dicom { get; set; } = new();

    /// <summary>The processes that decode and encode pixels.</summary>
    public Pixels.CodecOptions Codec { get; set; } = new();

    public GatewayLimits Limits { get; set; } = new();
}

/// <summary>Limits of the public faces.</summary>
internal sealed class GatewayLimits
{
    /// <summary>Of the body of one STOW-RS request, in bytes.</summary>
    public long StoreBytes { get; set; } = 64L * 1024 * 1024 * 1024;

    /// <summary>Of any other request's body, in bytes.</summary>
    public long BodyBytes { get; set; } = 1024 * 1024;

    /// <summary>Connections at once.</summary>
    public int Connections { get; set; } = 2000;

    /// <summary>Sign-ins, renewals and registrations of one address: as many at once, …</summary>
    public int SessionBurst { get; set; } = 120;

    /// <summary>… and as many a minute in the long run.</summary>
    public int SessionPerMinute { get; set; } = 120;

    /// <summary>All other requests of one address: as many at once, …</summary>
    public int RequestBurst { get; set; } = 20_000;

    /// <summary>… and as many a second in the long run.</summary>
    public int RequestsPerSecond { get; set; } = 5_000;
}
