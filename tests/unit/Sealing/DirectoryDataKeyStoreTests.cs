namespace MedCloudCare.Sealing.Tests;

public sealed class DirectoryDataKeyStoreTests : IDisposable
{
    private static readonly byte[] Place = AssociatedData.Of("test");
    private readonly TemporaryDirectory _directory = new();
    private readonly Keyring _keyring;

    public DirectoryDataKeyStoreTests() => _keyring = Keyring.LoadOrCreate(_directory["keyring"]);

    private string Root => _directory["keys"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_key_is_the_same_after_a_restart_and_its_file_is_its_owner_s()
    {
        Guid id = Guid.NewGuid();
        byte[] row;
        using (DirectoryDataKeyStore store = await OpenAsync())
        using (DataKey key = await store.CreateAsync(id))
        {
            row = key.SealRow("value"u8, Place);
        }

        using DirectoryDataKeyStore again = await OpenAsync();
        using DataKey read = await again.GetAsync(id);
        Assert.Equal("value"u8, read.OpenRow(row, Place));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOf(id)));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Root));
        Assert.Empty(Directory.GetFiles(Path.Combine(Root, "tmp")));
    }

    [Fact]
    public async Task An_erased_key_cannot_be_opened_listed_or_made_again()
    {
        Guid id = Guid.NewGuid();
        using DirectoryDataKeyStore store = await OpenAsync();
        (await store.CreateAsync(id)).Dispose();
        byte[] before = await File.ReadAllBytesAsync(PathOf(id));
        await store.EraseAsync(id);
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await store.GetAsync(id));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.CreateAsync(id));
        await store.EraseAsync(id);
        Assert.Empty(await ListAsync(store));
        foreach (string file in Directory.GetFiles(Root, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(-1, (await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(before.AsSpan(30, 16)));
        }

        using DirectoryDataKeyStore again = await OpenAsync();
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await again.GetAsync(id));
    }

    [Fact]
    public async Task The_bytes_of_an_erased_key_are_gone_from_a_hard_link_to_its_file_too()
    {
        Guid id = Guid.NewGuid();
        using DirectoryDataKeyStore store = await OpenAsync();
        (await store.CreateAsync(id)).Dispose();
        using FileStream held = new(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await store.EraseAsync(id);
        byte[] left = new byte[held.Length];
        held.ReadExactly(left);
        Assert.False(left.AsSpan().ContainsAnyExcept((byte)0));
    }

    [Fact]
    public async Task A_key_erased_by_another_replica_is_refused_from_the_next_request_though_it_is_cached()
    {
        Guid id = Guid.NewGuid();
        using DirectoryDataKeyStore one = await OpenAsync();
        using DirectoryDataKeyStore other = await OpenAsync();
        (await one.CreateAsync(id)).Dispose();
        (await other.GetAsync(id)).Dispose();
        await one.EraseAsync(id);
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await other.GetAsync(id));
    }

    [Fact]
    public async Task An_erasure_that_was_interrupted_after_the_overwriting_reads_as_erased()
    {
        Guid id = Guid.NewGuid();
        using DirectoryDataKeyStore store = await OpenAsync(cache: 0);
        (await store.CreateAsync(id)).Dispose();
        await File.WriteAllBytesAsync(PathOf(id), new byte[new FileInfo(PathOf(id)).Length]);
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await store.GetAsync(id));
        Assert.Equal(0, await RewrapAsync(store));
        await store.EraseAsync(id);
    }

    [Fact]
    public async Task An_unknown_key_is_not_found_and_a_known_one_is_not_made_twice()
    {
        using DirectoryDataKeyStore store = await OpenAsync();
        await Assert.ThrowsAsync<DataKeyNotFoundException>(async () => await store.GetAsync(Guid.NewGuid()));
        await Assert.ThrowsAsync<DataKeyNotFoundException>(async () => await store.EraseAsync(Guid.NewGuid()));
        Guid id = Guid.NewGuid();
        (await store.CreateAsync(id)).Dispose();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.CreateAsync(id));
        Assert.Empty(Directory.GetFiles(Path.Combine(Root, "tmp")));
    }

    [Fact]
    public async Task Temporary_files_of_a_crash_are_ignored_and_swept_when_they_are_old()
    {
        using DirectoryDataKeyStore store = await OpenAsync();
        string old = Path.Combine(Root, "tmp", ".mccseal-old.tmp");
        string fresh = Path.Combine(Root, "tmp", ".mccseal-fresh.tmp");
        await File.WriteAllBytesAsync(old, new byte[10]);
        await File.WriteAllBytesAsync(fresh, new byte[10]);
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-1));
        using DirectoryDataKeyStore again = await OpenAsync();
        Assert.Empty(await ListAsync(again));
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(fresh));
    }

    [Fact]
    public async Task Rotation_rewraps_every_key_and_the_old_master_key_can_go()
    {
        using DirectoryDataKeyStore store = await OpenAsync(cache: 0);
        Dictionary<Guid, byte[]> rows = [];
        for (int i = 0; i < 20; i++)
        {
            Guid id = Guid.NewGuid();
            using DataKey key = await store.CreateAsync(id);
            rows[id] = key.SealRow("value"u8, Place);
        }

        Guid old = _keyring.PrimaryId;
        _keyring.SetPrimary(_keyring.AddKey());
        Assert.Equal(20, await RewrapAsync(store));
        Assert.Equal(0, await RewrapAsync(store));
        _keyring.Retire(old);
        List<DataKeyInfo> list = await ListAsync(store);
        Assert.Equal(rows.Keys.Order(), list.Select(k => k.Id).Order());
        Assert.DoesNotContain(list, k => k.MasterKeyId == old.ToString());
        _keyring.Remove(old);

        using DirectoryDataKeyStore again = await OpenAsync();
        foreach ((Guid id, byte[] row) in rows)
        {
            using DataKey key = await again.GetAsync(id);
            Assert.Equal("value"u8, key.OpenRow(row, Place));
        }
    }

    [Fact]
    public async Task Another_keyring_is_refused_when_the_store_is_opened()
    {
        (await OpenAsync()).Dispose();
        Keyring stranger = Keyring.LoadOrCreate(_directory["stranger"]);
        KeyringException refused = await Assert.ThrowsAsync<KeyringException>(() => DirectoryDataKeyStore.OpenAsync(Root, stranger));
        Assert.Equal(KeyringProblem.Mismatch, refused.Problem);
    }

    [Fact]
    public async Task Every_flipped_bit_and_every_truncation_of_a_key_file_is_detected_and_so_is_a_swap()
    {
        Guid id = Guid.NewGuid();
        Guid other = Guid.NewGuid();
        using DirectoryDataKeyStore store = await OpenAsync(cache: 0);
        (await store.CreateAsync(id)).Dispose();
        (await store.CreateAsync(other)).Dispose();
        byte[] file = await File.ReadAllBytesAsync(PathOf(id));
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(PathOf(id), file);
            await Assert.ThrowsAsync<SealedDataException>(async () => await store.GetAsync(id));
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < file.Length; length++)
        {
            File.WriteAllBytes(PathOf(id), file[..length]);
            await Assert.ThrowsAsync<SealedDataException>(async () => await store.GetAsync(id));
        }

        File.Copy(PathOf(other), PathOf(id), overwrite: true);
        await Assert.ThrowsAsync<SealedDataException>(async () => await store.GetAsync(id));
    }

    [Fact]
    public async Task Creating_reading_erasing_and_rotating_at_once_loses_nothing_and_brings_nothing_back()
    {
        using DirectoryDataKeyStore one = await OpenAsync(cache: 8);
        using DirectoryDataKeyStore other = await OpenAsync(cache: 8);
        Guid[] ids = [.. Enumerable.Range(0, 100).Select(_ => Guid.NewGuid())];
        byte[][] rows = new byte[ids.Length][];
        await Parallel.ForAsync(0, ids.Length, async (i, cancel) =>
        {
            using DataKey key = await one.CreateAsync(ids[i], cancel);
            rows[i] = key.SealRow(ids[i].ToByteArray(), Place);
        });

        _keyring.SetPrimary(_keyring.AddKey());
        Task rotating = Task.Run(async () => await RewrapAsync(other));
        Task erasing = Parallel.ForAsync(0, 50, async (i, cancel) => await one.EraseAsync(ids[i], cancel));
        Task reading = Parallel.ForAsync(0, 500, async (n, cancel) =>
        {
            int i = 50 + (n % 50);
            using DataKey key = await (n % 2 == 0 ? one : other).GetAsync(ids[i], cancel);
            Assert.Equal(ids[i].ToByteArray(), key.OpenRow(rows[i], Place));
        });
        await Task.WhenAll(rotating, erasing, reading);
        for (int i = 0; i < 50; i++)
        {
            await Assert.ThrowsAsync<DataKeyErasedException>(async () => await other.GetAsync(ids[i]));
        }

        Assert.Equal(ids[50..].Order(), (await ListAsync(other)).Select(k => k.Id).Order());
    }

    [Fact]
    public async Task A_key_stays_usable_while_it_is_held_though_the_cache_let_it_go()
    {
        using DirectoryDataKeyStore store = await OpenAsync(cache: 1);
        Guid id = Guid.NewGuid();
        using DataKey held = await store.CreateAsync(id);
        (await store.CreateAsync(Guid.NewGuid())).Dispose();
        byte[] row = held.SealRow("value"u8, Place);
        using DataKey read = await store.GetAsync(id);
        Assert.Equal("value"u8, read.OpenRow(row, Place));
        held.Dispose();
        Assert.Throws<ObjectDisposedException>(() => held.SealRow("value"u8, Place));
        Assert.Equal("value"u8, read.OpenRow(row, Place));
    }

    [Fact]
    public void A_key_is_zeroed_when_cache_and_holders_have_let_it_go()
    {
        KeyMaterial material = new(SecretBytes.Random(32));
        DataKeyCache cache = new(1);
        DataKey handle = cache.Add(Guid.NewGuid(), material);
        cache.Add(Guid.NewGuid(), new KeyMaterial(SecretBytes.Random(32))).Dispose();
        ReadOnlySpan<byte> streamKey = material.StreamKey;
        Assert.True(material.Secret.ContainsAnyExcept((byte)0));
        Assert.True(streamKey.ContainsAnyExcept((byte)0));
        handle.Dispose();
        Assert.False(material.Secret.ContainsAnyExcept((byte)0));
        Assert.False(streamKey.ContainsAnyExcept((byte)0));
    }

    private static async Task<List<DataKeyInfo>> ListAsync(DirectoryDataKeyStore store)
    {
        List<DataKeyInfo> list = [];
        await foreach (DataKeyInfo info in store.ListAsync())
        {
            list.Add(info);
        }

        return list;
    }

    private Task<DirectoryDataKeyStore> OpenAsync(int cache = DirectoryDataKeyStore.DefaultCacheCapacity) =>
        DirectoryDataKeyStore.OpenAsync(Root, _keyring, cache);

    private string PathOf(Guid id) => Path.Combine(Root, id.ToString("N")[^2..], id.ToString("N") + ".key");

    /// <returns>How many keys were wrapped anew.</returns>
    private static async Task<long> RewrapAsync(DirectoryDataKeyStore store)
    {
        RewrapProgress last = default;
        await foreach (RewrapProgress progress in store.RewrapAsync())
        {
            Assert.InRange(progress.Fraction, last.Fraction, 1);
            last = progress;
        }

        Assert.Equal((1, 0), (last.Fraction, last.Unreadable));
        return last.Wrapped;
    }
}
