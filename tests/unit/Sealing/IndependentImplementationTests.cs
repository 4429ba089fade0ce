using System.Diagnostics;
using System.Text.Json;

namespace MedCloudCare.Sealing.Tests;

/// <summary>C# against open_sealed.py, which knows FORMAT.md only.</summary>
public sealed class IndependentImplementationTests : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private static readonly string[] Parts = ["instance", "1.2.840.1", "ü"];
    private readonly TemporaryDirectory _directory = new();
    private readonly Keyring _keyring;
    private readonly Guid _id = Guid.NewGuid();

    public IndependentImplementationTests() => _keyring = Keyring.LoadOrCreate(_directory["keyring"]);

    public static TheoryData<int> Lengths => [0, 1, 65480, 65481, 65480 + 65520, 300_000];

    private string Store => _directory["keys"];

    public void Dispose() => _directory.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Lengths))]
    public async Task Python_opens_our_streams_and_we_open_its_streams(int length)
    {
        using DirectoryDataKeyStore store = await DirectoryDataKeyStore.OpenAsync(Store, _keyring);
        using DataKey key = await store.CreateAsync(_id);
        byte[] plaintext = Streams.Random(length);
        byte[] identity = AssociatedData.Of(Parts);
        Assert.Equal(plaintext, await AskAsync("open-stream", Streams.Seal(key, plaintext, identity)));
        Assert.Equal(plaintext, await Streams.OpenAsync(key, await AskAsync("seal-stream", plaintext), identity));
    }

    [SkippableFact]
    public async Task Python_opens_our_rows_and_we_open_its_rows()
    {
        using DirectoryDataKeyStore store = await DirectoryDataKeyStore.OpenAsync(Store, _keyring);
        using DataKey key = await store.CreateAsync(_id);
        byte[] identity = AssociatedData.Of(Parts);
        byte[] name = "Yamada^Tarou=山田^太郎"u8.ToArray();
        Assert.Equal(name, await AskAsync("open-row", key.SealRow(name, identity)));
        Assert.Equal(name, key.OpenRow(await AskAsync("seal-row", name), identity));
    }

    [SkippableFact]
    public async Task Keys_wrapped_by_either_open_with_the_other()
    {
        using DirectoryDataKeyStore store = await DirectoryDataKeyStore.OpenAsync(Store, _keyring, cacheCapacity: 0);
        using DataKey key = await store.CreateAsync(_id);
        _keyring.SetPrimary(_keyring.AddKey());
        byte[] secret = await AskAsync("open-key");
        byte[] file = await AskAsync("wrap", secret);
        await File.WriteAllBytesAsync(Path.Combine(Store, _id.ToString("N")[^2..], _id.ToString("N") + ".key"), file);
        using DataKey again = await store.GetAsync(_id);
        byte[] place = AssociatedData.Of("x");
        Assert.Equal("value"u8, again.OpenRow(key.SealRow("value"u8, place), place));
    }

    [SkippableFact]
    public async Task Derived_keys_and_patient_traces_are_the_same()
    {
        Assert.Equal(_keyring.DeriveKey("study/blind-index"), await AskAsync("derive"));
        Guid scope = Guid.NewGuid();
        using BlindIndex index = new(_keyring.DeriveKey("study/blind-index"));
        Assert.Equal(
            index.Patient(scope, "Spital Zürich", "4711 "),
            await AskAsync("patient", more: new() { ["scope"] = scope.ToString(), ["issuer"] = " Spital Zürich", ["patient"] = "4711\0" }));
    }

    private async Task<byte[]> AskAsync(string operation, byte[]? input = null, Dictionary<string, object>? more = null)
    {
        Skip.IfNot(File.Exists(Python), $"{Python} is not installed.");
        Dictionary<string, object> request = new(more ?? [])
        {
            ["operation"] = operation,
            ["keyring"] = _keyring.Path,
            ["store"] = Store,
            ["id"] = _id.ToString(),
            ["parts"] = Parts,
            ["purpose"] = "study/blind-index",
            ["input"] = Convert.ToHexString(input ?? []),
        };
        using Process python = Process.Start(new ProcessStartInfo(Python, [Path.Combine(AppContext.BaseDirectory, "open_sealed.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = python.StandardError.ReadToEndAsync();
        Task<string> output = python.StandardOutput.ReadToEndAsync();
        await python.StandardInput.WriteAsync(JsonSerializer.Serialize(request));
        python.StandardInput.Close();
        await python.WaitForExitAsync();
        Skip.If((await errors).Contains("No module named 'cryptography'", StringComparison.Ordinal), "python3-cryptography is not installed.");
        Assert.True(python.ExitCode == 0, await errors);
        using JsonDocument answer = JsonDocument.Parse(await output);
        return Convert.FromHexString(answer.RootElement.GetProperty("output").GetString()!);
    }
}
