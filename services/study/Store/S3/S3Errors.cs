using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace MedCloudCare.Studies;

/// <summary>What goes wrong with S3, as the store's own exceptions.</summary>
internal static class S3Errors
{
    /// <summary>Runs a request.</summary>
    /// <exception cref="ObjectMissingException">There is no object under the key.</exception>
    /// <exception cref="ObjectStoreUnavailableException">Anything else that went wrong, after the client's own retries.</exception>
    public static async Task<T> TranslateAsync<T>(Guid id, Func<Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception e) when (IsMissing(e))
        {
            throw new ObjectMissingException(id, e);
        }
        catch (Exception e) when (IsFault(e, cancellationToken))
        {
            throw Unavailable(e);
        }
    }

    /// <summary>Whether the server says that there is no such object (or upload).</summary>
    public static bool IsMissing(Exception e) =>
        e is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" };

    /// <summary>Whether the store is at fault, not the caller who has gone.</summary>
    public static bool IsFault(Exception e, CancellationToken cancellationToken) => e switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        ObjectMissingException or ObjectStoreUnavailableException => false,
        AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException or IOException => true,
        _ => false,
    };

    /// <summary>The error code of the server, or the kind of the exception: neither names objects.</summary>
    public static ObjectStoreUnavailableException Unavailable(Exception e) =>
        new($"The object store does not answer as it should ({(e as AmazonServiceException)?.ErrorCode ?? e.GetType().Name}).", e);
}
