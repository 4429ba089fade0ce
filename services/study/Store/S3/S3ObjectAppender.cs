using System.Buffers;
using Amazon.S3.Model;

namespace MedCloudCare.Studies;

/// <summary>
/// Writes one object: what fits into one part is put in one request, more goes as a multipart upload while it is written.
/// Holds at most the part that is being filled and two that are on their way.
/// </summary>
internal sealed class S3ObjectAppender(Guid id, S3ObjectStore store) : IObjectAppender
{
    private const int FirstBuffer = 256 << 10;
    private const int PartsOnTheirWay = 2;

    private readonly List<Task<PartETag>> _parts = [];
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int _buffered;
    private long _sent;
    private Task<string>? _upload;
    private bool _completed;

    public Guid Id => id;

    public long Length => _sent + _buffered;

    public bool HoldsOneGroup => true;

    public bool IsCongested => _parts.Count(p => !p.IsCompletedSuccessfully) >= PartsOnTheirWay;

    private int PartBytes => store.Settings.PartBytes;

    public async ValueTask WaitForRoomAsync()
    {
        while (IsCongested)
        {
            await await Task.WhenAny(_parts.Where(p => !p.IsCompletedSuccessfully)).ConfigureAwait(false);
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        while (!bytes.IsEmpty)
        {
            if (_buffered == PartBytes)
            {
                SendPart();
            }

            int taken = Math.Min(bytes.Length, PartBytes - _buffered);
            Reserve(_buffered + taken);
            bytes[..taken].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += taken;
            bytes = bytes[taken..];
        }
    }

    public void Truncate(long length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        _buffered = (int)Math.Max(length - _sent, 0);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_completed)
        {
            return;
        }

        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (_parts.Count == 0)
        {
            byte[] whole = TakeBuffer(out int count);
            _sent = count;
            try
            {
                await store.SendAsync(id, () => store.Client.PutObjectAsync(PutOf(whole, count))).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(whole);
            }
        }
        else
        {
            if (_buffered > 0)
            {
                SendPart();
            }

            PartETag[] parts = await Task.WhenAll(_parts).ConfigureAwait(false);
            await CompleteAsync(await _upload!.ConfigureAwait(false), parts).ConfigureAwait(false);
        }

        _completed = true;
    }

    public void Discard()
    {
        if (_completed)
        {
            throw new InvalidOperationException("A complete object is removed by the store.");
        }

        Dispose();
    }

    public void Abandon() => Dispose();

    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(TakeBuffer(out _));
        }

        if (!_completed && _upload is not null)
        {
            _completed = true;
            _ = AbortAsync();
        }
    }

    private void SendPart()
    {
        _upload ??= StartAsync();
        byte[] part = TakeBuffer(out int count);
        _buffer = ArrayPool<byte>.Shared.Rent(PartBytes);
        _sent += count;
        _parts.Add(SendPartAsync(_upload, _parts.Count + 1, part, count));
    }

    private async Task<string> StartAsync() => (await store.SendAsync(id, () => store.Client.InitiateMultipartUploadAsync(
        new InitiateMultipartUploadRequest { BucketName = store.Settings.Bucket, Key = store.KeyOf(id), ContentType = "application/octet-stream" })).ConfigureAwait(false)).UploadId;

    private async Task<PartETag> SendPartAsync(Task<string> upload, int number, byte[] part, int count)
    {
        try
        {
            string uploadId = await upload.ConfigureAwait(false);
            UploadPartResponse sent = await store.SendAsync(id, () => store.Client.UploadPartAsync(new UploadPartRequest
            {
                BucketName = store.Settings.Bucket,
                Key = store.KeyOf(id),
                UploadId = uploadId,
                PartNumber = number,
                PartSize = count,
                InputStream = new MemoryStream(part, 0, count, writable: false),
                UseChunkEncoding = false,
                DisablePayloadSigning = store.Settings.IsTls,
            })).ConfigureAwait(false);
            return new PartETag(number, sent.ETag);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(part);
        }
    }

    private async Task CompleteAsync(string upload, PartETag[] parts)
    {
        try
        {
            await store.SendAsync(id, () => store.Client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest
            {
                BucketName = store.Settings.Bucket,
                Key = store.KeyOf(id),
                UploadId = upload,
                PartETags = [.. parts],
            })).ConfigureAwait(false);
        }
        catch (ObjectMissingException e)
        {
            // The answer to a first attempt was lost: then the upload is gone and the object is there.
            if (await store.FindAsync(id, CancellationToken.None).ConfigureAwait(false) is not { } found || found.Length != _sent)
            {
                throw S3Errors.Unavailable(e.InnerException!);
            }
        }
    }

    private async Task AbortAsync()
    {
        try
        {
            await ((Task)Task.WhenAll(_parts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await store.Client.AbortMultipartUploadAsync(store.Settings.Bucket, store.KeyOf(id), await _upload!.ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException || S3Errors.IsFault(e, CancellationToken.None))
        {
            // Invisible, and aborted by recovery in time.
        }
    }

    private PutObjectRequest PutOf(byte[] whole, int count) => new()
    {
        BucketName = store.Settings.Bucket,
        Key = store.KeyOf(id),
        InputStream = new MemoryStream(whole, 0, count, writable: false),
        ContentType = "application/octet-stream",
        UseChunkEncoding = false,
        DisablePayloadSigning = store.Settings.IsTls,
    };

    private void Reserve(int size)
    {
        if (size <= _buffer!.Length)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(PartBytes, Math.Max(size, 2 * _buffer.Length)));
        _buffer.AsSpan(0, _buffered).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private byte[] TakeBuffer(out int count)
    {
        byte[] buffer = _buffer!;
        count = _buffered;
        _buffer = null;
        _buffered = 0;
        return buffer;
    }
}
