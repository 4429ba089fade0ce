namespace MedCloudCare.Models.Sandbox;

/// <summary>
/// Host user numbers for sandboxes, from a range that no account uses: none of them needs an entry in <c>/etc/passwd</c>.
/// A number is taken at most once at a time. Meshes on one host begin at different places of the range.
/// </summary>
public sealed class HostUsers
{
    /// <summary>Size of the range.</summary>
    public const int Count = 1500;

    private readonly Lock _lock = new();
    private readonly HashSet<uint> _taken = [];
    private readonly uint _first;
    private uint _next;

    /// <param name="first">The first number of the range.</param>
    /// <param name="seed">Where in the range to begin.</param>
    public HostUsers(uint first, int seed)
    {
        _first = first;
        _next = (uint)seed % Count;
    }

    /// <summary>Takes a number.</summary>
    /// <exception cref="InvalidOperationException">All are taken.</exception>
    public uint Take()
    {
        lock (_lock)
        {
            for (int tries = 0; tries < Count; tries++)
            {
                uint user = _first + _next;
                _next = (_next + 1) % Count;
                if (_taken.Add(user))
                {
                    return user;
                }
            }
        }

        throw new InvalidOperationException("No host user is left for another pod.");
    }

    /// <summary>Gives a number back.</summary>
    public void Return(uint user)
    {
        lock (_lock)
        {
            _taken.Remove(user);
        }
    }
}
