namespace MedCloudCare.Models.Pods;

/// <summary>The last lines that the pods of a version printed, and why the last of them ended. Thread-safe, bounded.</summary>
public sealed class PodLog
{
    /// <summary>Lines that are kept.</summary>
    public const int Capacity = 100;

    private const int LongestLine = 2000;

    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = new(Capacity);
    private string _lastFailure = "";

    /// <summary>Why the last replica ended; empty if none did.</summary>
    public string LastFailure
    {
        get
        {
            lock (_lock)
            {
                return _lastFailure;
            }
        }

        set
        {
            lock (_lock)
            {
                _lastFailure = value;
            }
        }
    }

    /// <summary>The lines, oldest first.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Adds a line.</summary>
    public void Add(string line)
    {
        lock (_lock)
        {
            if (_lines.Count == Capacity)
            {
                _lines.Dequeue();
            }

            _lines.Enqueue(line.Length > LongestLine ? line[..LongestLine] : line);
        }
    }
}
