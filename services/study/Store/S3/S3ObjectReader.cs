using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using MedCloudCare.Sealing;
using ByteRange = MedCloudCare.Sealing.ByteRange;

namespace MedCloudCare.Studies;

/// <summary>
/// Reads ranges of one object. Whoever reads on where the last read ended (the segments of an instance, the instances of a
/// series) is given it from the body of one ranged request, whose size doubles as long as that goes on. Thread-safe.
/// </summary>
internal sealed class S3ObjectReader(Guid id, S3ObjectStore store) : IObjectReader
{
    // A slice or a frame in one request; a long series in few.
    private const long FirstWindow = 1 << 20;
    private const long LargestWindow = 8 << 20;
    private const int Attempts = 4;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private Window? _window;
    private volatile bool _disposed;

    public ISealedSource Source(ByteRange place) => new RangeSource(this, place);

    public void Dispose()
    {
        _disposed = true;
        Interlocked.Exchange(ref _window, null)?.Dispose();
    }

    private async ValueTask<int> ReadAsync(long offset, long end, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            Window? window = Interlocked.Exchange(ref _window, null);
            try
            {
                window = await WindowAtAsync(window, offset, end, cancellationToken).ConfigureAwait(false);
                if (window is null)
                {
                    return 0;
                }

                int read = await window.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new IOException("The answer ended before its length.");
                }

                Keep(window);
                return read;
            }
            catch (Exception e) when (S3Errors.IsFault(e, cancellationToken))
            {
                // Before the body the client has retried already; within it nobody has.
                window?.Dispose();
                if (attempt == Attempts || e is AmazonS3Exception)
                {
                    throw S3Errors.Unavailable(e);
                }

                await Task.Delay(FirstPause * (1 << attempt), cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                window?.Dispose();
                throw;
            }
        }
    }

    private async Task<Window?> WindowAtAsync(Window? window, long offset, long end, CancellationToken cancellationToken)
    {
        if (window is not null && window.Position == offset && window.Left > 0)
        {
            return window;
        }

        bool readsOn = window?.Position == offset;
        long size = readsOn ? Math.Min(2 * window!.Size, LargestWindow) : Math.Min(FirstWindow, end - offset);
        window?.Dispose();
        GetObjectRequest request = new()
        {
            BucketName = store.Settings.Bucket,
            Key = store.KeyOf(id),
            ByteRange = new Amazon.S3.Model.ByteRange(offset, offset + size - 1),
        };
        try
        {
            return new Window(await S3Errors.TranslateAsync(
                id, () => store.Client.GetObjectAsync(request, cancellationToken), cancellationToken).ConfigureAwait(false), offset, size);
        }
        catch (ObjectStoreUnavailableException e) when (e.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable })
        {
            return null;
        }
    }

    private void Keep(Window window)
    {
        Interlocked.Exchange(ref _window, window)?.Dispose();
        if (_disposed)
        {
            Interlocked.Exchange(ref _window, null)?.Dispose();
        }
    }

    private sealed class Window(GetObjectResponse response, long start, long size) : IDisposable
    {
        public long Position { get; private set; } = start;

        public long Left { get; private set; } = response.ContentLength;

        /// <summary>Bytes asked for.</summary>
        public long Size => size;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            int read = await response.ResponseStream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, Left)], cancellationToken).ConfigureAwait(false);
            Position += read;
            Left -= read;
            return read;
        }

        public void Dispose() => response.Dispose();
    }

    private sealed class RangeSource(S3ObjectReader reader, ByteRange place) : ISealedSource
    {
        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int length = (int)Math.Clamp(place.Length - offset, 0, buffer.Length);
            return length == 0 ? new(0) : reader.ReadAsync(place.Offset + offset, place.End, buffer[..length], cancellationToken);
        }
    }
}
