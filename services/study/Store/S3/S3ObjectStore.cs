using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace MedCloudCare.Studies;

/// <summary>
/// Objects under a prefix of an S3 bucket: <c>PREFIX/xx/UUID.pack</c>, one committed group each. An object appears whole
/// when its put (or the completion of its multipart upload) is acknowledged, or not at all, so that a crash leaves nothing
/// to cut; parts of uploads that were never completed are aborted by recovery. Any number of replicas share it.
/// </summary>
internal sealed class S3ObjectStore(S3Settings settings) : IObjectStore, IDisposable
{
    private const string Extension = ".pack";

    // Over all objects: parts wait in memory for their turn.
    private const int RequestsAtATime = 16;

    private readonly SemaphoreSlim _requests = new(RequestsAtATime);

    internal AmazonS3Client Client { get; } = settings.Connect();

    internal S3Settings Settings => settings;

    /// <inheritdoc/>
    public IObjectAppender Create(Guid id) => new S3ObjectAppender(id, this);

    /// <inheritdoc/>
    /// <remarks>A missing object is told by the first read.</remarks>
    public IObjectReader Open(Guid id) => new S3ObjectReader(id, this);

    /// <inheritdoc/>
    public Task DeleteAsync(Guid id, CancellationToken cancellationToken) =>
        S3Errors.TranslateAsync(id, () => Client.DeleteObjectAsync(settings.Bucket, KeyOf(id), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task<StoredObject?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            GetObjectMetadataResponse found = await S3Errors.TranslateAsync(
                id, () => Client.GetObjectMetadataAsync(settings.Bucket, KeyOf(id), cancellationToken), cancellationToken).ConfigureAwait(false);
            return new StoredObject(id, found.ContentLength, TimeOf(found.LastModified));
        }
        catch (ObjectMissingException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public bool IsClosed(Guid id) => true;

    /// <inheritdoc/>
    public async Task<int> RecoverAsync(Func<Guid, CancellationToken, Task<long?>> committedLength, CancellationToken cancellationToken)
    {
        int ended = 0;
        ListMultipartUploadsRequest request = new() { BucketName = settings.Bucket, Prefix = settings.Prefix };
        try
        {
            ListMultipartUploadsResponse page;
            do
            {
                page = await Client.ListMultipartUploadsAsync(request, cancellationToken).ConfigureAwait(false);
                foreach (MultipartUpload upload in page.MultipartUploads ?? [])
                {
                    if (IdOf(upload.Key) is not null && TimeOf(upload.Initiated) < DateTimeOffset.UtcNow - settings.AbandonedAfter)
                    {
                        await Client.AbortMultipartUploadAsync(settings.Bucket, upload.Key, upload.UploadId, cancellationToken).ConfigureAwait(false);
                        ended++;
                    }
                }

                (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
            }
            while (page.IsTruncated == true);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotImplemented)
        {
            // Such a server takes them away by a rule of the bucket, or keeps them: they are invisible either way.
        }
        catch (Exception e) when (S3Errors.IsFault(e, cancellationToken))
        {
            throw S3Errors.Unavailable(e);
        }

        return ended;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request request = new() { BucketName = settings.Bucket, Prefix = settings.Prefix };
        ListObjectsV2Response page;
        do
        {
            page = await S3Errors.TranslateAsync(
                default, () => Client.ListObjectsV2Async(request, cancellationToken), cancellationToken).ConfigureAwait(false);
            foreach (S3Object item in page.S3Objects ?? [])
            {
                if (IdOf(item.Key) is { } id)
                {
                    yield return new StoredObject(id, item.Size ?? 0, TimeOf(item.LastModified));
                }
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    public void Dispose()
    {
        Client.Dispose();
        _requests.Dispose();
    }

    internal string KeyOf(Guid id)
    {
        string name = id.ToString("N");
        return string.Create(CultureInfo.InvariantCulture, $"{settings.Prefix}{name[^2..]}/{name}{Extension}");
    }

    /// <summary>Runs a request that sends bytes, when it is its turn.</summary>
    internal async Task<T> SendAsync<T>(Guid id, Func<Task<T>> request)
    {
        await _requests.WaitAsync().ConfigureAwait(false);
        try
        {
            return await S3Errors.TranslateAsync(id, request, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _requests.Release();
        }
    }

    private Guid? IdOf(string key)
    {
        string[] parts = key[Math.Min(key.Length, settings.Prefix.Length)..].Split('/');
        return parts is [{ Length: 2 } shard, var name] && name.EndsWith(Extension, StringComparison.Ordinal)
            && Guid.TryParseExact(name[..^Extension.Length], "N", out Guid id) && id.ToString("N")[^2..] == shard
                ? id
                : null;
    }

    private static DateTimeOffset TimeOf(DateTime? time) => time is { } known ? new DateTimeOffset(known.ToUniversalTime()) : DateTimeOffset.UtcNow;
}
