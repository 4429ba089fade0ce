namespace MedCloudCare.Studies;

/// <summary>
/// Packs that are open for writing. An upload has a pack to itself while it writes; afterwards it waits here for the next
/// upload of its study, so that many small uploads fill few packs. Thread-safe.
/// </summary>
internal sealed class PackPool(IObjectStore store, StudyOptions options, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Stack<PackWriter>> _idle = [];
    private int _idleCount;
    private bool _disposed;

    /// <summary>An open pack of a study, for this caller alone until it is returned.</summary>
    public PackWriter Rent(Guid studyId)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_idle.TryGetValue(studyId, out Stack<PackWriter>? packs) && packs.TryPop(out PackWriter? pack))
            {
                _idleCount--;
                if (packs.Count == 0)
                {
                    _idle.Remove(studyId);
                }

                return pack;
            }
        }

        return new PackWriter(store.Create(Guid.CreateVersion7()), studyId);
    }

    /// <summary>Takes a pack back. What is not committed in it is cut off, unless a commit of it has failed.</summary>
    public void Return(PackWriter pack)
    {
        if (pack.IsSpent || (pack.HoldsOneGroup && pack.CommittedLength > 0))
        {
            pack.Dispose();
            return;
        }

        if (pack.CommittedLength == 0)
        {
            pack.Discard();
            return;
        }

        if (pack.Length > pack.CommittedLength)
        {
            pack.Truncate(pack.CommittedLength);
        }

        pack.IdleSince = time.GetTimestamp();
        lock (_lock)
        {
            if (!_disposed && pack.Length < options.PackBytes && _idleCount < options.IdlePacks)
            {
                if (!_idle.TryGetValue(pack.StudyId, out Stack<PackWriter>? packs))
                {
                    _idle.Add(pack.StudyId, packs = new Stack<PackWriter>());
                }

                packs.Push(pack);
                _idleCount++;
                return;
            }
        }

        pack.Dispose();
    }

    /// <summary>Closes packs that nobody has asked for in a while.</summary>
    public void CloseIdle()
    {
        List<PackWriter> closed = [];
        lock (_lock)
        {
            foreach ((Guid study, Stack<PackWriter> packs) in _idle.ToArray())
            {
                PackWriter[] kept = [.. packs.Where(p => time.GetElapsedTime(p.IdleSince) < options.PackIdle)];
                closed.AddRange(packs.Except(kept));
                _idle.Remove(study);
                if (kept.Length > 0)
                {
                    Array.Reverse(kept);
                    _idle.Add(study, new Stack<PackWriter>(kept));
                }
            }

            _idleCount -= closed.Count;
        }

        foreach (PackWriter pack in closed)
        {
            pack.Dispose();
        }
    }

    public void Dispose()
    {
        List<PackWriter> open;
        lock (_lock)
        {
            _disposed = true;
            open = [.. _idle.Values.SelectMany(p => p)];
            _idle.Clear();
            _idleCount = 0;
        }

        foreach (PackWriter pack in open)
        {
            pack.Dispose();
        }
    }
}
