using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace MedCloudCare.Sealing.Tests;

public sealed class KeyringTests : IDisposable
{
    private static readonly byte[] Context = "context"u8.ToArray();
    private readonly TemporaryDirectory _directory = new();

    private string Path => _directory["keyring.json"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_new_keyring_is_readable_by_its_owner_only_and_loads_again()
    {
        Keyring made = Keyring.LoadOrCreate(Path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        byte[] wrapped = made.Wrap(new byte[32], Context);
        Keyring loaded = Keyring.LoadOrCreate(Path);
        Assert.Equal(made.PrimaryId, loaded.PrimaryId);
        Assert.Equal(new byte[32], loaded.Unwrap(wrapped, Context));
        Assert.Equal(made.DeriveKey("blind-index"), loaded.DeriveKey("blind-index"));
        Assert.NotEqual(made.DeriveKey("blind-index"), loaded.DeriveKey("other"));
        Assert.Equal([Path], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void A_keyring_open_to_others_is_refused(UnixFileMode more)
    {
        Keyring.LoadOrCreate(Path);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);
        KeyringException refused = Assert.Throws<KeyringException>(() => Keyring.Load(Path));
        Assert.Equal(KeyringProblem.Exposed, refused.Problem);
        Assert.Contains("chmod 600", refused.Message, StringComparison.Ordinal);
        if (more == UnixFileMode.GroupRead)
        {
            Keyring.Load(Path, allowGroupRead: true);
        }
    }

    [Fact]
    public void A_missing_keyring_is_refused() =>
        Assert.Equal(KeyringProblem.Missing, Assert.Throws<KeyringException>(() => Keyring.Load(Path)).Problem);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"version\":1}")]
    [InlineData("[1]")]
    public void A_file_that_is_no_keyring_is_refused(string content)
    {
        WriteFile(content);
        Assert.Equal(KeyringProblem.Malformed, Assert.Throws<KeyringException>(() => Keyring.Load(Path)).Problem);
    }

    [Fact]
    public void A_damaged_keyring_is_refused_and_its_keys_are_not_in_the_message()
    {
        Keyring.LoadOrCreate(Path);
        string original = File.ReadAllText(Path);
        string key = (string)JsonNode.Parse(original)!["keys"]![0]!["key"]!;
        Action<JsonNode>[] damages =
        [
            file => file["keys"]![0]!["key"] = Convert.ToBase64String(new byte[32]),
            file => file["keys"]![0]!["key"] = Convert.ToBase64String(new byte[31]),
            file => file["keys"]![0]!["key"] = key + "!",
            file => file["keys"]![0]!["key"] = null,
            file => file["keys"]![0]!["state"] = "retired",
            file => file["keys"]![0]!["state"] = "unheard",
            file => file["keys"]![0] = null,
            file => file["keys"]!.AsArray().Add(file["keys"]![0]!.DeepClone()),
            file => file["keys"] = new JsonArray(),
            file => file["root"] = Convert.ToBase64String(new byte[32]),
            file => file["rootCheck"] = null,
            file => file["primary"] = Guid.NewGuid(),
            file => file["extra"] = 1,
        ];
        foreach (Action<JsonNode> damage in damages)
        {
            JsonNode file = JsonNode.Parse(original)!;
            damage(file);
            WriteFile(file.ToJsonString());
            KeyringException refused = Assert.Throws<KeyringException>(() => Keyring.Load(Path));
            Assert.Equal(KeyringProblem.Malformed, refused.Problem);
            Assert.DoesNotContain(key[..20], refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_keyring_of_a_newer_version_is_refused_by_name()
    {
        WriteFile("{\"version\":2,\"vault\":{}}");
        KeyringException refused = Assert.Throws<KeyringException>(() => Keyring.Load(Path));
        Assert.Equal(KeyringProblem.UnknownVersion, refused.Problem);
        Assert.Contains("version 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_rotate_and_a_retired_one_goes_when_nothing_needs_it()
    {
        Keyring keyring = Keyring.LoadOrCreate(Path);
        Guid first = keyring.PrimaryId;
        byte[] root = keyring.DeriveKey("x");
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        byte[] old = keyring.Wrap(secret, Context);
        Assert.Null(keyring.Rewrap(old, Context));

        Guid second = keyring.AddKey();
        Assert.Equal(KeyringProblem.InvalidKey, Assert.Throws<KeyringException>(() => keyring.Retire(first)).Problem);
        Assert.Throws<KeyringException>(() => keyring.Remove(second));
        keyring.SetPrimary(second);
        keyring.Retire(first);
        Assert.Throws<KeyringException>(() => keyring.SetPrimary(first));
        Assert.Throws<KeyringException>(() => keyring.SetPrimary(Guid.NewGuid()));
        Assert.Equal(secret, keyring.Unwrap(old, Context));

        byte[] rewrapped = keyring.Rewrap(old, Context)!;
        Assert.Equal(second.ToString(), keyring.MasterKeyIdOf(rewrapped));
        keyring.Remove(first);
        Assert.Equal(secret, keyring.Unwrap(rewrapped, Context));
        Assert.Equal(SealedDataReason.WrongKey, Assert.Throws<SealedDataException>(() => keyring.Unwrap(old, Context)).Reason);
        Assert.Equal(root, keyring.DeriveKey("x"));
        Assert.Equal([new(second, keyring.Keys[0].Created, MasterKeyState.Active, true)], Keyring.Load(Path).Keys);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
    }

    [Fact]
    public void A_running_process_sees_a_rotation_made_by_another()
    {
        Keyring service = Keyring.LoadOrCreate(Path);
        Keyring tool = Keyring.Load(Path);
        Guid added = tool.AddKey();
        tool.SetPrimary(added);
        byte[] byTool = tool.Wrap(new byte[32], Context);
        Assert.Equal(new byte[32], service.Unwrap(byTool, Context));
        Assert.Equal(added.ToString(), service.MasterKeyIdOf(service.Wrap(new byte[32], Context)));
    }

    [Fact]
    public async Task Processes_that_create_at_once_end_up_with_one_keyring()
    {
        Keyring[] all = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Keyring.LoadOrCreate(Path))));
        Assert.Single(all.Select(k => k.PrimaryId).Distinct());
    }

    [Fact]
    public async Task Changes_made_at_once_are_all_kept()
    {
        Keyring.LoadOrCreate(Path);
        Guid[] added = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Keyring.Load(Path).AddKey())));
        Assert.Empty(added.Except(Keyring.Load(Path).Keys.Select(k => k.Id)));
    }

    [Fact]
    public void Every_flipped_bit_and_every_truncation_of_a_wrapped_key_is_detected()
    {
        Keyring keyring = Keyring.LoadOrCreate(Path);
        byte[] wrapped = keyring.Wrap(new byte[32], Context);
        Assert.Equal(77, wrapped.Length);
        for (int bit = 0; bit < wrapped.Length * 8; bit++)
        {
            wrapped[bit / 8] ^= (byte)(1 << (bit % 8));
            SealedDataReason expected = bit < 8 ? SealedDataReason.Malformed : bit < 17 * 8 ? SealedDataReason.WrongKey : SealedDataReason.Tampered;
            Assert.Equal(expected, Assert.Throws<SealedDataException>(() => keyring.Unwrap(wrapped, Context)).Reason);
            wrapped[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < wrapped.Length; length++)
        {
            Assert.Throws<SealedDataException>(() => keyring.Unwrap(wrapped.AsSpan(0, length), Context));
        }

        Assert.Throws<SealedDataException>(() => keyring.Unwrap(wrapped, "other"u8));
    }

    private void WriteFile(string content)
    {
        File.WriteAllText(Path, content);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
