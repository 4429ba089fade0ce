using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Models.Publish;

/// <summary>How many packages arrive at a time: each takes disk, and its validation a sandbox.</summary>
public sealed class PublishLimiter
{
    /// <summary>Packages of one account.</summary>
    public const int PerAccount = 2;

    /// <summary>Packages of all.</summary>
    public const int Together = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, int> _running = [];

    /// <summary>Takes a place; disposing gives it back.</summary>
    /// <exception cref="Grpc.Core.RpcException">LIMIT_EXCEEDED.</exception>
    public IDisposable Enter(Guid account)
    {
        lock (_lock)
        {
            int own = _running.GetValueOrDefault(account);
            if (own >= PerAccount)
            {
                throw MeshErrors.Limit("packages published at the same time by one account", PerAccount);
            }

            if (_running.Values.Sum() >= Together)
            {
                throw MeshErrors.Limit("packages published at the same time", Together);
            }

            _running[account] = own + 1;
        }

        return new Place(this, account);
    }

    private void Leave(Guid account)
    {
        lock (_lock)
        {
            if (--_running[account] == 0)
            {
                _running.Remove(account);
            }
        }
    }

    private sealed class Place(PublishLimiter limiter, Guid account) : IDisposable
    {
        public void Dispose() => limiter.Leave(account);
    }
}
