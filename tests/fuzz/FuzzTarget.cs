using System.Buffers;
using System.Diagnostics;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Fuzz;

/// <summary>What an input is given to: its first byte, modulo 4.</summary>
public enum FuzzKind : byte
{
    /// <summary>The tokenizer: the same tokens and the same error however the file is cut.</summary>
    Tokens,

    /// <summary>The scanner, and what it makes through JSON, our writer and the frame index, and back.</summary>
    Scan,

    /// <summary>The reader of DICOM JSON.</summary>
    Json,

    /// <summary>The reader of stored frame indexes.</summary>
    FrameIndex,
}

/// <summary>An invariant does not hold.</summary>
public sealed class FindingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// One execution: byte 0 selects the <see cref="FuzzKind"/>, byte 1 the way the file is cut, the rest is the file. Throws
/// where an invariant does not hold: other exceptions than <see cref="DicomException"/>, allocations beyond a multiple of the
/// input, a different outcome for another way to cut, a value that changes on the way through a writer and back.
/// </summary>
public static class FuzzTarget
{
    private const int InflatedLimit = 64 << 10;

    // An element takes 8 bytes at least and becomes an object, an entry of a list and JSON of some 30 bytes; a run counts four passes.
    private const int AllocatedPerByte = 400;
    private const int AllocatedAlways = 1 << 20;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private static bool _isWarm;

    /// <summary>Limits low enough to be met by small inputs.</summary>
    public static DicomReadOptions Options { get; } = new()
    {
        RequireIdentifiers = false, MaxInflatedBytes = InflatedLimit, InflateRatioFrom = 16 << 10, MaxElements = 5000, MaxMetadataBytes = 256 << 10,
        BulkDataThreshold = 256, MaxInlineValue = 4096,
    };

    /// <summary>An input of a kind.</summary>
    public static byte[] Input(FuzzKind kind, ReadOnlySpan<byte> content) => [(byte)kind, 7, .. content];

    /// <exception cref="FindingException">An invariant does not hold.</exception>
    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2) return;
        if (!_isWarm) WarmUp();
        var content = input[2..];
        var before = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        try
        {
            Execute(input);
        }
        catch (Exception e) when (e is not FindingException)
        {
            throw new FindingException($"{e.GetType().Name}: {e.Message}", e);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var allowed = AllocatedAlways + (AllocatedPerByte * (long)Math.Max(content.Length, IsDeflated(content) ? InflatedLimit : 0));
        if (allocated > allowed) throw new FindingException($"{allocated} bytes allocated for {content.Length}");
        if (Stopwatch.GetElapsedTime(started) > TimeLimit) throw new FindingException($"{Stopwatch.GetElapsedTime(started)} for {content.Length} bytes");
    }

    private static void Execute(ReadOnlySpan<byte> input)
    {
        switch ((FuzzKind)(input[0] & 3))
        {
            case FuzzKind.Tokens: Tokenize(input[2..], input[1]); break;
            case FuzzKind.Scan: Scan(input[2..], input[1]); break;
            case FuzzKind.Json: ReadJson(input[2..]); break;
            default: ReadFrameIndex(input[2..]); break;
        }
    }

    /// <summary>Loads dictionary and code pages, which no input is to be charged for.</summary>
    private static void WarmUp()
    {
        _isWarm = true;
        foreach (var (_, seed) in Seeds.All()) Execute(seed);
    }

    private static void Tokenize(ReadOnlySpan<byte> file, byte cut)
    {
        long? length = (cut & 1) == 0 ? file.Length : null;
        var whole = TokenTrace.Of(file, length, []);
        RequireAlike(whole, TokenTrace.Of(file, length, Cuts.Of(cut)));
        if (cut > 250) RequireAlike(whole, TokenTrace.Of(file, length, [1]));
    }

    private static void RequireAlike(TokenTrace whole, TokenTrace cut)
    {
        if (whole.Outcome == cut.Outcome) return;

        // How much of a stream is inflated before its fault shows depends on how it arrives.
        if (whole.IsDeflateFault || cut.IsDeflateFault)
        {
            if (whole.Error is not null && cut.Error is not null) return;
        }

        throw new FindingException($"whole: {whole.Outcome}; cut: {cut.Outcome}");
    }

    private static void Scan(ReadOnlySpan<byte> file, byte cut)
    {
        DicomInstanceInfo info;
        try
        {
            using var scanner = new DicomInstanceScanner(Options, (cut & 1) == 0 ? file.Length : null);
            foreach (var range in new Cuts(file.Length, Cuts.Of(cut))) scanner.Write(file[range]);
            info = scanner.Complete();
        }
        catch (DicomException e)
        {
            if (e.Offset > Math.Max(file.Length, Options.MaxInflatedBytes + (32 << 10))) throw new FindingException($"offset {e.Offset} of {file.Length}");
            return;
        }

        foreach (var bulk in info.BulkData) RequireWithin(bulk.Offset, bulk.Length, info);
        for (var frame = 0; frame < Math.Min(info.Frames.Count, 16); frame++) RequireWithin(info.Frames[frame].Offset, info.Frames[frame].Length, info);
        var index = info.Frames.ToBytes();
        if (!FrameIndex.FromBytes(index).ToBytes().AsSpan().SequenceEqual(index)) throw new FindingException("the frame index is not read back");
        var read = RoundTrips.ThroughJson(info.Json.Span);
        if (info.BulkData.Count == 0) RoundTrips.ThroughFile(info.Dataset, info.Json.Span);
        if (read.Count > info.Dataset.Count) throw new FindingException("JSON holds more than the data set");
    }

    private static void ReadJson(ReadOnlySpan<byte> json)
    {
        try
        {
            var dataset = DicomJsonReader.Read(json, Options);
            RoundTrips.ThroughJson(dataset.ToJson());
        }
        catch (DicomException)
        {
            // Refused with a type, as it should be.
        }
    }

    private static void ReadFrameIndex(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var index = FrameIndex.FromBytes(bytes);
            for (var frame = 0; frame < Math.Min(index.Count, 16); frame++) _ = index[frame].Length;
            FrameIndex.FromBytes(index.ToBytes());
        }
        catch (InvalidDataException)
        {
            // Refused with a type, as it should be.
        }
    }

    private static void RequireWithin(long offset, long length, DicomInstanceInfo info)
    {
        var end = info.IsInflated ? Options.MaxInflatedBytes : info.FileLength;
        if (offset < 0 || length < 0 || offset > end - length) throw new FindingException($"{offset}+{length} of {end}");
    }

    private static bool IsDeflated(ReadOnlySpan<byte> file) => file.IndexOf("10008.1.2.1.99"u8) >= 0;
}
