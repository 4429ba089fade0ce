namespace MedCloudCare.Sealing;

/// <summary>The data key was erased: what was sealed under it cannot be opened again.</summary>
public sealed class DataKeyErasedException(Guid id) : Exception($"The data key {id} has been erased.")
{
    /// <summary>The data key.</summary>
    public Guid Id { get; } = id;
}

/// <summary>The key store has never held this data key.</summary>
public sealed class DataKeyNotFoundException(Guid id) : Exception($"There is no data key {id} in the key store.")
{
    /// <summary>The data key.</summary>
    public Guid Id { get; } = id;
}
