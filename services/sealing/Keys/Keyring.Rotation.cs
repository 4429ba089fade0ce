using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

public sealed partial class Keyring
{
    /// <summary>Adds a new master key. It unwraps and wraps nothing until it is made primary.</summary>
    /// <returns>Its id.</returns>
    public Guid AddKey()
    {
        MasterKey added = MasterKey.Create(_time);
        Change(content => content with { Keys = new Dictionary<Guid, MasterKey>(content.Keys) { [added.Id] = added } });
        return added.Id;
    }

    /// <summary>Makes a new master key the primary, in one step. The former one stays active.</summary>
    /// <returns>Its id.</returns>
    public Guid Rotate()
    {
        MasterKey added = MasterKey.Create(_time);
        Change(content => content with { Primary = added.Id, Keys = new Dictionary<Guid, MasterKey>(content.Keys) { [added.Id] = added } });
        return added.Id;
    }

    /// <summary>From here on this key wraps. What the former primary wrapped stays readable.</summary>
    /// <exception cref="KeyringException">Unknown or retired (<see cref="KeyringProblem.InvalidKey"/>).</exception>
    public void SetPrimary(Guid id) => Change(content =>
        Find(content, id).State == MasterKeyState.Active
            ? content with { Primary = id }
            : throw Invalid($"The master key {id} is retired and cannot become primary."));

    /// <summary>The key unwraps only and can no longer become primary.</summary>
    /// <exception cref="KeyringException">Unknown, or the primary (<see cref="KeyringProblem.InvalidKey"/>).</exception>
    public void Retire(Guid id) => Change(content => id == content.Primary
        ? throw Invalid($"The master key {id} is the primary: make another one primary first.")
        : content with { Keys = new Dictionary<Guid, MasterKey>(content.Keys) { [id] = Find(content, id) with { State = MasterKeyState.Retired } } });

    /// <summary>
    /// Removes a retired key for good. The caller has made sure that nothing is wrapped by it:
    /// <see cref="IDataKeyStore.ListAsync"/> tells the master key of each data key.
    /// </summary>
    /// <exception cref="KeyringException">Unknown, or not retired (<see cref="KeyringProblem.InvalidKey"/>).</exception>
    public void Remove(Guid id) => Change(content =>
    {
        if (Find(content, id).State != MasterKeyState.Retired)
        {
            throw Invalid($"The master key {id} is in use: retire it first.");
        }

        Dictionary<Guid, MasterKey> keys = new(content.Keys);
        keys.Remove(id);
        return content with { Keys = keys };
    });

    /// <summary>Reads, changes and writes the file while no other process does.</summary>
    private void Change(Func<KeyringContent, KeyringContent> change)
    {
        string directory = System.IO.Path.GetDirectoryName(Path)!;
        using IDisposable held = FileLock.Acquire(Path + ".lock");
        DurableFile.SweepTemporary(directory);
        byte[] file = change(Read().Content).Format();
        try
        {
            DurableFile.Write(Path, file, directory, overwrite: true);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(file);
        }

        Reload();
    }

    private static MasterKey Find(KeyringContent content, Guid id) =>
        content.Keys.TryGetValue(id, out MasterKey? key) ? key : throw Invalid($"The master key {id} is not in the keyring.");

    private static KeyringException Invalid(string message) => new(KeyringProblem.InvalidKey, message);
}
