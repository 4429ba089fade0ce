using System.Collections.Concurrent;
using Grpc.Core;
using MedCloudCare.Codecs;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.Pixels;

/// <summary>
/// Decodes and encodes frames in a small pool of sandboxed processes, one frame a call: the gateway itself parses no compressed
/// pixels. Processes start when they are needed; one that crashed, lied or took too long is replaced.
/// </summary>
internal sealed partial class PixelCodec : IAsyncDisposable
{
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(2);
    private readonly CodecOptions _options;
    private readonly Lazy<CodecSandbox> _sandbox;
    private readonly ConcurrentStack<CodecProcess> _idle = [];
    private readonly SemaphoreSlim _free;
    private readonly ILogger<PixelCodec> _logger;
    private int _calls;
    private bool _ended;

    /// <param name="data">The mesh's data directory: a name for what belongs to this mesh on its host.</param>
    public PixelCodec(CodecOptions options, string data, ILogger<PixelCodec> logger)
    {
        (_options, _logger) = (options, logger);
        _free = new SemaphoreSlim(_options.ProcessCount);
        _sandbox = new Lazy<CodecSandbox>(() => new CodecSandbox(_options, data));
    }

    /// <summary>Largest frame that is decoded.</summary>
    public long MaxDecodedBytes => _options.DecodedBytes;

    /// <summary>Largest frame that is taken as it is stored.</summary>
    public long MaxEncodedBytes => _options.EncodedBytes;

    /// <summary>Process ids of the idle processes' sandboxes.</summary>
    internal IEnumerable<int> Idle => _idle.Select(p => p.Id);

    /// <summary>Recodes one frame.</summary>
    /// <exception cref="RpcException">
    /// NOT_ACCEPTABLE: damaged, contradictory or of an unknown kind. LIMIT_EXCEEDED: too large, or takes too long. RATE_LIMITED: too
    /// many frames wait. SERVICE_UNAVAILABLE: processes cannot be started here.
    /// </exception>
    public async Task<CodecResponse> RecodeAsync(CodecRequest request, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        Require(request.Format, frame.Length);
        if (Interlocked.Increment(ref _calls) > _options.Waiting + _options.ProcessCount)
        {
            Interlocked.Decrement(ref _calls);
            throw MeshErrors.RateLimited("Too many images are being decoded.", s_retryAfter);
        }

        try
        {
            await _free.WaitAsync(cancellation);
            try
            {
                return Checked(request, await CallAsync(request, frame));
            }
            finally
            {
                _free.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _ended, true);
        for (var i = 0; i < _options.ProcessCount; i++) await _free.WaitAsync();
        while (_idle.TryPop(out var process)) await process.DisposeAsync();
        if (_sandbox is { IsValueCreated: true, Value: var sandbox }) sandbox.Dispose();
        _free.Dispose();
    }

    /// <summary>An error that says why an image's pixels cannot be had in the form that was asked for.</summary>
    public static RpcException Refused(string why) =>
        MeshErrors.Of(StatusCode.Unimplemented, Reason.NotAcceptable, $"This image cannot be decoded or encoded: {why}.");

    /// <summary>Refuses what is too large before it is fetched or decoded.</summary>
    /// <exception cref="RpcException">NOT_ACCEPTABLE, LIMIT_EXCEEDED.</exception>
    public void Require(FrameFormat format, long encodedLength)
    {
        if (!format.IsConsistent) throw Refused("its attributes contradict each other");
        if (format.DecodedBytes > _options.DecodedBytes) throw MeshErrors.Limit("bytes of a decoded frame", _options.DecodedBytes);
        if (encodedLength > _options.EncodedBytes) throw MeshErrors.Limit("bytes of a stored frame", _options.EncodedBytes);
    }

    private async Task<CodecResponse> CallAsync(CodecRequest request, ReadOnlyMemory<byte> frame)
    {
        var process = await TakeAsync();
        var isUsable = false;
        try
        {
            // Noise grows a little by compression.
            var maxLength = request.To == PixelCoding.Native ? request.Format.DecodedBytes : (request.Format.DecodedBytes * 2) + (1 << 20);
            var response = await process.CallAsync(request, frame, maxLength, TimeSpan.FromSeconds(_options.TimeoutSeconds));
            isUsable = true;
            return response;
        }
        catch (TimeoutException)
        {
            LogEnded("took too long");
            throw MeshErrors.Limit("seconds to decode or encode a frame", (long)Math.Ceiling(_options.TimeoutSeconds));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            LogEnded(e is InvalidDataException ? "answered nonsense" : "ended");
            throw Refused("its pixel data are damaged or contradict its attributes");
        }
        finally
        {
            if (isUsable && !Volatile.Read(ref _ended)) _idle.Push(process);
            else await process.DisposeAsync();
        }
    }

    private async Task<CodecProcess> TakeAsync()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _ended), this);
        while (_idle.TryPop(out var idle))
        {
            if (!idle.HasExited) return idle;
            await idle.DisposeAsync();
        }

        try
        {
            return await CodecProcess.StartAsync(_sandbox.Value);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            LogNotStarted(e.Message);
            throw MeshErrors.Unavailable("Images cannot be decoded or encoded now.");
        }
    }

    private static CodecResponse Checked(CodecRequest request, CodecResponse response) => response.Status switch
    {
        CodecStatus.Done when request.To != PixelCoding.Native || response.Bytes.Length == request.Format.DecodedBytes => response,
        CodecStatus.TooLarge => throw Refused("decoding it takes more memory than it may"),
        CodecStatus.Unsupported => throw Refused($"there is no way from {request.From} to {request.To} for such pixels"),
        _ => throw Refused("its pixel data are damaged or contradict its attributes"),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A codec process {What} and is replaced")]
    private partial void LogEnded(string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "Codec processes cannot be started: {Why}")]
    private partial void LogNotStarted(string why);
}
