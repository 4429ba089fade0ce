using System.Globalization;

namespace MedCloudCare.Sandbox;

/// <summary>
/// Host user numbers for sandboxes, from a range that no account uses: none of them needs an entry in <c>/etc/passwd</c>.
/// A number is taken at most once at a time, and not while any process of the host has it: another mesh may use the same range.
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
        HashSet<uint> running = Running();
        lock (_lock)
        {
            for (int tries = 0; tries < Count; tries++)
            {
                uint user = _first + _next;
                _next = (_next + 1) % Count;
                if (!running.Contains(user) && _taken.Add(user))
                {
                    return user;
                }
            }
        }

        throw new InvalidOperationException("No host user is left for another pod.");
    }

    /// <summary>The users of the host's processes.</summary>
    private static HashSet<uint> Running()
    {
        const string Field = "Uid:\t";
        var users = new HashSet<uint>();
        foreach (string directory in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(d[^1])))
        {
            try
            {
                string line = File.ReadLines(Path.Combine(directory, "status")).First(l => l.StartsWith(Field, StringComparison.Ordinal));
                users.Add(uint.Parse(line.AsSpan(Field.Length, line.IndexOf('\t', Field.Length) - Field.Length), CultureInfo.InvariantCulture));
            }
            catch (Exception error) when (error is IOException or InvalidOperationException)
            {
                // It has just ended.
                continue;
            }
        }

        return users;
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
