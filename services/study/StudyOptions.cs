namespace MedCloudCare.Studies;

/// <summary>Settings of the study service, section "Study" of its configuration.</summary>
public sealed class StudyOptions
{
    /// <summary>Directory of the object store, or <c>s3://BUCKET/PREFIX</c>.</summary>
    public string Objects { get; set; } = "";

    /// <summary>Address of the S3 server (https, or http on this machine); empty for AWS itself.</summary>
    public string S3Endpoint { get; set; } = "";

    public string S3Region { get; set; } = "us-east-1";

    /// <summary>File of the S3 credentials (AWS's format, profile <c>[default]</c>, mode 0600); empty: from the environment.</summary>
    public string S3Credentials { get; set; } = "";

    /// <summary>PEM file of the only authority that the S3 server may be certified by; empty: those of the system.</summary>
    public string S3Authority { get; set; } = "";

    /// <summary>The keyring file.</summary>
    public string Keyring { get; set; } = "";

    /// <summary>Directory of the wrapped study keys, apart from <see cref="Objects"/>.</summary>
    public string KeyStore { get; set; } = "";

    /// <summary>Largest instance accepted, in bytes.</summary>
    public long MaxInstanceBytes { get; set; } = 4L << 30;

    /// <summary>Instances of one call.</summary>
    public int MaxInstancesPerCall { get; set; } = 10_000;

    /// <summary>Bytes of one data message.</summary>
    public int MaxChunkBytes { get; set; } = 256 << 10;

    /// <summary>Upload calls of one account at a time, in this process.</summary>
    public int MaxUploadsPerAccount { get; set; } = 32;

    /// <summary>Bytes of a file that may come before its identifiers are complete; they are held in memory.</summary>
    public int MaxHeadBytes { get; set; } = 4 << 20;

    /// <summary>A pack that has reached this size is not appended to any more.</summary>
    public long PackBytes { get; set; } = 256L << 20;

    /// <summary>A group is committed when it holds so many bytes …</summary>
    public long GroupBytes { get; set; } = 64L << 20;

    /// <summary>… or so many instances …</summary>
    public int GroupInstances { get; set; } = 256;

    /// <summary>… or so many bytes of metadata …</summary>
    public int GroupMetadataBytes { get; set; } = 16 << 20;

    /// <summary>… or when the client pauses this long after an instance.</summary>
    public TimeSpan GroupIdle { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Packs that one call keeps open; a call of many studies closes the least recently used.</summary>
    public int PacksPerCall { get; set; } = 8;

    /// <summary>Packs kept open for the next upload of their study.</summary>
    public int IdlePacks { get; set; } = 64;

    /// <summary>How long.</summary>
    public TimeSpan PackIdle { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Memory of the in-memory index over all owners (at most 400 bytes a study); owners least recently asked for leave first.
    /// </summary>
    public long IndexBytes { get; set; } = 1L << 30;

    /// <summary>Uploads of one account that can be gone on with; those used least recently are forgotten.</summary>
    public int MaxOpenUploads { get; set; } = 10_000;

    /// <summary>An upload is forgotten this long after its last use.</summary>
    public TimeSpan UploadLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Packs below this size are merged with others of their study …</summary>
    public long MergeBelowBytes { get; set; } = 32L << 20;

    /// <summary>… when there are so many of them …</summary>
    public int MergePacks { get; set; } = 4;

    /// <summary>… and nothing was stored into the study for this long.</summary>
    public TimeSpan MergeIdle { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Instances of a merged pack, at most.</summary>
    public int MergeInstances { get; set; } = 2048;

    /// <summary>What was merged stays this long for calls that have read where it was.</summary>
    public TimeSpan RetireGrace { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Objects that nothing refers to go when they are older. Long: where an older database was restored, they are what
    /// <c>mcc archive rebuild</c> finds again.
    /// </summary>
    public TimeSpan OrphanGrace { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Time between two rounds of maintenance.</summary>
    public TimeSpan MaintenanceInterval { get; set; } = TimeSpan.FromMinutes(10);
}
