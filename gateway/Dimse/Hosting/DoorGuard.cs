using System.Net;
using System.Threading.RateLimiting;
using MedCloudCare.Gateway.Hosting;

namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>Counts what is open and how often an address was rejected. Thread-safe.</summary>
internal sealed class DoorGuard : IDisposable
{
    private readonly DoorLimits _limits;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _ofTitle = new(StringComparer.Ordinal);
    private readonly PartitionedRateLimiter<IPAddress> _rejections;
    private int _associations;

    public DoorGuard(DoorLimits limits)
    {
        _limits = limits;
        _rejections = PartitionedRateLimiter.Create<IPAddress, string>(address => RateLimitPartition.GetTokenBucketLimiter(
            RateLimits.KeyOf(address),
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = limits.RejectionsPerMinute,
                TokensPerPeriod = Math.Max(1, limits.RejectionsPerMinute / 12),
                ReplenishmentPeriod = TimeSpan.FromSeconds(5),
                AutoReplenishment = true,
                QueueLimit = 0,
            }));
    }

    /// <summary>Whether an address was rejected too often lately to be listened to now.</summary>
    public bool IsTiresome(IPAddress address)
    {
        using var lease = _rejections.AttemptAcquire(address, permitCount: 0);
        return !lease.IsAcquired;
    }

    /// <summary>Notes that an address was rejected.</summary>
    public void Rejected(IPAddress address)
    {
        using var lease = _rejections.AttemptAcquire(address);
    }

    /// <summary>Counts an association in until the result is disposed; null where that is too many.</summary>
    public IDisposable? TryEnter(string callingTitle)
    {
        lock (_lock)
        {
            var ofTitle = _ofTitle.GetValueOrDefault(callingTitle);
            if (_associations >= _limits.Associations || ofTitle >= _limits.AssociationsOfTitle) return null;
            _associations++;
            _ofTitle[callingTitle] = ofTitle + 1;
            return new Seat(this, callingTitle);
        }
    }

    public void Dispose() => _rejections.Dispose();

    private void Leave(string callingTitle)
    {
        lock (_lock)
        {
            _associations--;
            if (--_ofTitle[callingTitle] == 0) _ofTitle.Remove(callingTitle);
        }
    }

    private sealed class Seat(DoorGuard guard, string callingTitle) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) guard.Leave(callingTitle);
        }
    }
}
