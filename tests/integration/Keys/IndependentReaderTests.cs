using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Keys;

/// <summary>What the mesh has stored against open_pack.py, which knows the written formats only.</summary>
[Collection(MeshCollection.Name)]
public sealed class IndependentReaderTests(MeshFixture mesh)
{
    private string Keyring => Path.Combine(mesh.Data, "keys", "keyring.json");

    private string Keys => Path.Combine(mesh.Data, "keys", "studies");

    private string Objects => Path.Combine(mesh.Data, "objects");

    [SkippableFact]
    public async Task Python_opens_every_instance_from_the_keyring_the_key_store_and_the_packs_alone()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 5, rows: 300, columns: 300);
        await user.UploadAsync(series.Files.Take(2));
        await user.UploadAsync(series.Files.Skip(2));
        var study = await StudyIdAsync(user, series);
        var target = Directory.CreateTempSubdirectory("mcc-opened-").FullName;
        try
        {
            var answer = await PythonAsync("read", Keyring, Keys, Objects, study.ToString(), target);
            Assert.Equal(series.Files.Count, answer.GetProperty("instances").GetInt32());
            for (var i = 0; i < series.Files.Count; i++)
            {
                Assert.Equal(series.Files[i], await File.ReadAllBytesAsync(Path.Combine(target, series.SopInstanceUids[i])));
                using var metadata = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(target, series.SopInstanceUids[i] + ".json")));
                Assert.Equal(series.PatientName, metadata.RootElement.GetProperty("00100010").GetProperty("Value")[0].GetProperty("Alphabetic").GetString());
            }
        }
        finally
        {
            Directory.Delete(target, recursive: true);
        }
    }

    [SkippableFact]
    public async Task Every_flipped_bit_every_cut_and_every_swap_in_a_small_pack_is_noticed()
    {
        var answer = await TamperAsync(new SyntheticSeries(slices: 2, rows: 4, columns: 4));
        Assert.InRange(answer.GetProperty("size").GetInt32(), 1000, 10_000);
        Assert.True(answer.GetProperty("tried").GetInt32() > 9 * answer.GetProperty("size").GetInt32());
    }

    [SkippableFact]
    public async Task Sampled_changes_of_a_large_pack_are_noticed_segments_in_another_order_among_them() =>
        await TamperAsync(new SyntheticSeries(slices: 3, rows: 512, columns: 512), "60");

    private async Task<JsonElement> TamperAsync(SyntheticSeries series, params string[] samples)
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync(series.Files);
        var pack = await PackOfAsync(await StudyIdAsync(user, series));
        var answer = await PythonAsync(["tamper", Keyring, Keys, pack, .. samples]);
        Assert.Equal(series.Files.Count, answer.GetProperty("instances").GetInt32());
        Assert.Empty(answer.GetProperty("missed").EnumerateArray().Select(m => m.GetString()));
        return answer;
    }

    private static async Task<JsonElement> PythonAsync(params string[] arguments)
    {
        Skip.IfNot(await Programs.HasPythonModuleAsync("cryptography"), "python3-cryptography is not installed.");
        var result = await Programs.RunAsync(Programs.Python, [Path.Combine(AppContext.BaseDirectory, "Keys", "open_pack.py"), .. arguments],
            environment: new Dictionary<string, string> { ["PYTHONPATH"] = AppContext.BaseDirectory });
        return JsonDocument.Parse(result.EnsureSuccess().Output).RootElement;
    }

    private static async Task<Guid> StudyIdAsync(TestUser user, SyntheticSeries series) => Guid.Parse(
        (await user.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = series.StudyInstanceUid }, user.Headers)).Studies.Single().Name["studies/".Length..]);

    private async Task<string> PackOfAsync(Guid study)
    {
        var id = study.ToByteArray(bigEndian: true);
        foreach (var pack in Directory.GetFiles(Objects, "*.pack", SearchOption.AllDirectories))
        {
            var header = new byte[24];
            await using var file = File.OpenRead(pack);
            if (await file.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false) == header.Length && header.AsSpan(8).SequenceEqual(id))
            {
                return pack;
            }
        }

        throw new InvalidOperationException("The study has no pack.");
    }
}
