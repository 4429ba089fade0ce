namespace MedCloudCare.Gateway.Pixels;

/// <summary>The <c>Gateway:Codec</c> section: the processes that decode and encode pixels, and their limits.</summary>
internal sealed class CodecOptions
{
    /// <summary>Processes, which is also frames at once; 0: one for each processor, at most four.</summary>
    public int Processes { get; set; }

    /// <summary>Frames that wait for a process; beyond, requests are turned away for a while.</summary>
    public int Waiting { get; set; } = 256;

    /// <summary>Seconds that one frame may take.</summary>
    public double TimeoutSeconds { get; set; } = 30;

    /// <summary>Bytes of a frame as it is stored.</summary>
    public long EncodedBytes { get; set; } = 128L * 1024 * 1024;

    /// <summary>Bytes of a frame that is decoded.</summary>
    public long DecodedBytes { get; set; } = 128L * 1024 * 1024;

    /// <summary>Memory of a process.</summary>
    public int MemoryMiB { get; set; } = 1536;

    /// <summary>First host user of the range for these processes; used where the gateway is root.</summary>
    public uint FirstUser { get; set; } = 62400;

    /// <summary><see cref="Processes"/> with the default made concrete.</summary>
    public int ProcessCount => Processes > 0 ? Processes : Math.Min(4, Environment.ProcessorCount);
}
