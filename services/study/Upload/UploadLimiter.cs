using System.Collections.Concurrent;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Studies;

/// <summary>Bounds the upload calls that an account has running in this process. Thread-safe.</summary>
internal sealed class UploadLimiter(StudyOptions options)
{
    private readonly ConcurrentDictionary<Guid, int> _running = new();

    /// <summary>Counts a call in until the result is disposed.</summary>
    /// <exception cref="Grpc.Core.RpcException">LIMIT_EXCEEDED.</exception>
    public IDisposable Enter(Guid account)
    {
        if (_running.AddOrUpdate(account, 1, static (_, n) => n + 1) > options.MaxUploadsPerAccount)
        {
            Leave(account);
            throw MeshErrors.Limit("the number of uploads at a time", options.MaxUploadsPerAccount);
        }

        return new Pass(this, account);
    }

    private void Leave(Guid account)
    {
        int left = _running.AddOrUpdate(account, 0, static (_, n) => n - 1);
        if (left == 0)
        {
            // Removed only while it is still 0.
            _running.TryRemove(KeyValuePair.Create(account, 0));
        }
    }

    private sealed class Pass(UploadLimiter limiter, Guid account) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                limiter.Leave(account);
            }
        }
    }
}
