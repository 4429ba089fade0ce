namespace MedCloudCare.Gateway.Dimse;

/// <summary>The <c>Gateway:Dicom</c> section: the C-STORE and C-ECHO door for systems that speak DIMSE only.</summary>
internal sealed class DoorOptions
{
    /// <summary><c>address:port</c> without TLS; loopback only. Empty: none.</summary>
    public string Listen { get; set; } = "";

    /// <summary><c>address:port</c> with TLS (PS3.15 annex B.9, BCP 195). Empty: none.</summary>
    public string ListenTls { get; set; } = "";

    public DoorLimits Limits { get; set; } = new();
}

/// <summary>Limits of the door.</summary>
internal sealed class DoorLimits
{
    /// <summary>Connections at once, before or after their association is established; more are closed at once.</summary>
    public int Connections { get; set; } = 256;

    /// <summary>Established associations; more are rejected as transient.</summary>
    public int Associations { get; set; } = 100;

    /// <summary>Of one calling AE title.</summary>
    public int AssociationsOfTitle { get; set; } = 16;

    /// <summary>Longest P-DATA-TF that is announced to peers. dcmtk sends at most as long ones.</summary>
    public int PduBytes { get; set; } = 128 * 1024;

    /// <summary>Rejected associations of one address a minute; more are turned away without a look at who asks.</summary>
    public int RejectionsPerMinute { get; set; } = 60;

    /// <summary>From the connection to the association request, the TLS handshake included (ARTIM, PS3.8 §9.1.5).</summary>
    public TimeSpan Handshake { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Without a message.</summary>
    public TimeSpan Idle { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Without a byte inside a message, or for the peer to take a response.</summary>
    public TimeSpan Stall { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A data set may come slowly for this long; after that it needs <see cref="MinimumBytesPerSecond"/> on average.</summary>
    public TimeSpan SlowStart { get; set; } = TimeSpan.FromSeconds(60);

    public int MinimumBytesPerSecond { get; set; } = 1024;

    /// <summary>For the peer to close the connection after the last PDU.</summary>
    public TimeSpan Close { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>For study to commit an instance that was sent completely.</summary>
    public TimeSpan Commit { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>For the archive to come back after it could not take an instance, before the next one is tried.</summary>
    public TimeSpan Archive { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>A peer's admission is asked for again when it is older: a removed peer stores nothing after this.</summary>
    public TimeSpan Admission { get; set; } = TimeSpan.FromSeconds(5);
}
