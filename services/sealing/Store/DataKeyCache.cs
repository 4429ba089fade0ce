namespace MedCloudCare.Sealing;

/// <summary>The most recently used data keys, in clear, in memory. Bounded; a key is zeroed when it leaves and nobody holds it.</summary>
internal sealed class DataKeyCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, LinkedListNode<(Guid Id, KeyMaterial Material)>> _byId = [];
    private readonly LinkedList<(Guid Id, KeyMaterial Material)> _byUse = new();

    /// <summary>A new handle on the cached key, or null.</summary>
    public DataKey? Find(Guid id)
    {
        lock (_lock)
        {
            if (!_byId.TryGetValue(id, out LinkedListNode<(Guid Id, KeyMaterial Material)>? node) || !node.Value.Material.TryHold())
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return new DataKey(id, node.Value.Material);
        }
    }

    /// <summary>Caches a key and gives a handle on it. The material's first hold goes to the handle.</summary>
    public DataKey Add(Guid id, KeyMaterial material)
    {
        DataKey handle = new(id, material);
        if (capacity == 0)
        {
            return handle;
        }

        lock (_lock)
        {
            Drop(id);
            material.TryHold();
            _byId[id] = _byUse.AddFirst((id, material));
            while (_byId.Count > capacity)
            {
                Drop(_byUse.Last!.Value.Id);
            }
        }

        return handle;
    }

    public void Remove(Guid id)
    {
        lock (_lock)
        {
            Drop(id);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            foreach (Guid id in _byId.Keys.ToArray())
            {
                Drop(id);
            }
        }
    }

    private void Drop(Guid id)
    {
        if (_byId.Remove(id, out LinkedListNode<(Guid Id, KeyMaterial Material)>? node))
        {
            _byUse.Remove(node);
            node.Value.Material.Dispose();
        }
    }
}
