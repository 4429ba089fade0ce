using MedCloudCare.Codecs;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Pixels;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>
/// Turns one stored file into another transfer syntax while it passes: attributes byte for byte but for those that tell how pixels
/// are coded, pixels frame by frame. Nothing is written before the first frame has been recoded, so that a refusal is an answer of
/// its own.
/// </summary>
/// <param name="begin">Begins the part; called once, before the first byte.</param>
internal sealed class InstanceTranscoder(PixelCodec codec, TranscodeTarget target, string storedSyntax, PartStream output, Action begin) : IAsyncDisposable
{
    /// <summary>Compressed frames up to this size are kept until the basic offset table can be written; beyond, it is left empty.</summary>
    private const int MaxPendingBytes = 16 * 1024 * 1024;

    // A deflated data set may grow a thousandfold.
    private const int Slice = 4096;
    private const int Quality = 90;

    private readonly TranscodeReader _reader = new(target, storedSyntax, codec.MaxEncodedBytes);
    private readonly List<byte[]> _pending = [];
    private DicomTokenizer? _tokenizer;
    private TranscodedFile? _file;
    private Photometric? _photometric;
    private double? _lossyRatio;
    private long _pendingBytes;
    private bool _inFragments;
    private long _pixelBytes;

    /// <summary>Takes the next bytes of the stored file.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE, LIMIT_EXCEEDED, RATE_LIMITED, SERVICE_UNAVAILABLE.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        for (var at = 0; at < bytes.Length; at += Slice)
        {
            Tokenize(t => t.Write(bytes.Span.Slice(at, Math.Min(Slice, bytes.Length - at))));
            await DrainAsync(cancellation);
        }
    }

    /// <summary>Ends the part.</summary>
    /// <inheritdoc cref="WriteAsync"/>
    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        Tokenize(t => t.Complete());
        await DrainAsync(cancellation);
        if (!_reader.HasPixels && target.IsEncapsulated) throw TranscodeTarget.NotPossible(storedSyntax, "it has no pixel data", null, isOneBit: false);
        if (_pending.Count > 0) await FlushPendingAsync(withTable: true, cancellation);
        var file = _file ?? await OpenAsync(cancellation);
        if (_inFragments) await file.EndFragmentsAsync(cancellation);
        else if (_pixelBytes % 2 != 0) await file.WriteAsync(new byte[1], cancellation);
        await file.EndAsync(_reader.Trailer, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _tokenizer?.Dispose();
        if (_file is not null) await _file.DisposeAsync();
    }

    private void Tokenize(Action<DicomTokenizer> step)
    {
        try
        {
            step(_tokenizer ??= new DicomTokenizer(_reader));
        }
        catch (DicomException)
        {
            throw PixelCodec.Refused("the stored file cannot be read again");
        }
    }

    private async ValueTask DrainAsync(CancellationToken cancellation)
    {
        while (_reader.Ready.TryDequeue(out var piece))
        {
            if (_reader.Pixels.Length >= 0 && !target.IsEncapsulated) await PassAsync(piece, cancellation);
            else await RecodeAsync(piece, cancellation);
        }
    }

    /// <summary>Native pixels that stay native.</summary>
    private async ValueTask PassAsync(byte[] piece, CancellationToken cancellation)
    {
        if (_file is null)
        {
            await (await OpenAsync(cancellation)).BeginPixelsAsync(_reader.Pixels.Tag, _reader.Pixels.VR, _reader.Pixels.Length, cancellation);
        }

        _pixelBytes += piece.Length;
        await _file!.WriteAsync(piece, cancellation);
    }

    private async ValueTask RecodeAsync(byte[] frame, CancellationToken cancellation)
    {
        var format = FrameFormats.Of(_reader.Essentials)!;
        var request = new CodecRequest
        {
            Format = format, From = PixelCodings.Find(storedSyntax)!.Value, To = target.Coding, Quality = Quality, HalvesChroma = format.Samples == 3,
        };
        var response = await codec.RecodeAsync(request, frame, cancellation);
        _photometric ??= response.Photometric;
        if (response.Photometric != _photometric) throw PixelCodec.Refused("its frames are coded in different ways");
        if (!target.IsEncapsulated)
        {
            await WriteNativeAsync(format, response.Bytes, cancellation);
            return;
        }

        if (target.Syntax.IsLossy) _lossyRatio ??= (double)format.DecodedBytes / response.Bytes.Length;
        await WriteFragmentAsync(Even(response.Bytes), cancellation);
    }

    private async ValueTask WriteNativeAsync(FrameFormat format, byte[] cells, CancellationToken cancellation)
    {
        if (_file is null)
        {
            var length = format.DecodedBytes * FrameFormats.CountOf(_reader.Essentials);
            if (length > uint.MaxValue - 2) throw TranscodeTarget.NotPossible(storedSyntax, "its frames together are longer than native pixel data may be", format, isOneBit: false);
            var vr = format.BitsAllocated > 8 ? DicomVR.OW : DicomVR.OB;
            await (await OpenAsync(cancellation)).BeginPixelsAsync(DicomTags.PixelData, vr, length, cancellation);
        }

        _pixelBytes += cells.Length;
        await _file!.WriteAsync(cells, cancellation);
    }

    private async ValueTask WriteFragmentAsync(byte[] fragment, CancellationToken cancellation)
    {
        if (_inFragments)
        {
            await _file!.WriteFragmentAsync(fragment, cancellation);
            return;
        }

        _pending.Add(fragment);
        if ((_pendingBytes += fragment.Length) > MaxPendingBytes) await FlushPendingAsync(withTable: FrameFormats.CountOf(_reader.Essentials) == _pending.Count, cancellation);
    }

    private async ValueTask FlushPendingAsync(bool withTable, CancellationToken cancellation)
    {
        var file = await OpenAsync(cancellation);
        await file.BeginFragmentsAsync(withTable ? [.. _pending.Select(f => f.Length)] : [], cancellation);
        _inFragments = true;
        foreach (var fragment in _pending) await file.WriteFragmentAsync(fragment, cancellation);
        _pending.Clear();
    }

    private async ValueTask<TranscodedFile> OpenAsync(CancellationToken cancellation)
    {
        begin();
        _file = new TranscodedFile(target, storedSyntax, output);
        await _file.BeginAsync(_reader, _photometric, _lossyRatio, cancellation);
        return _file;
    }

    private static byte[] Even(byte[] bytes) => bytes.Length % 2 == 0 ? bytes : [.. bytes, 0];
}
