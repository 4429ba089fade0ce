using System.Security.Cryptography;
using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Clients that others have written, through the public face over TLS; each compares bytes.</summary>
[Collection(MeshCollection.Name)]
public sealed class ClientTests(MeshFixture mesh)
{
    private string Authority => Path.Combine(mesh.Data, "pki", "ca.crt");

    [SkippableFact]
    public async Task The_viewers_own_client_stores_searches_and_retrieves()
    {
        Skip.IfNot(Programs.Has("node") && Programs.Has("npm"), "Node.js is not installed.");
        var clients = Path.Combine(Checkout.Root, "tests", "integration", "DicomWeb", "clients");
        var installed = Path.Combine(clients, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(clients, "package-lock.json")))
        {
            (await Programs.RunAsync("npm", ["ci", "--prefix", clients, "--no-audit", "--no-fund"])).EnsureSuccess();
        }

        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries();
        using var folder = new FileFolder(series.Files);
        var result = (await Programs.RunAsync("node", [Path.Combine(clients, "client.js"), folder.Path], environment: new Dictionary<string, string>
        {
            ["MCC_URL"] = new Uri(mesh.Https, "/dicomweb").ToString(), ["MCC_TOKEN"] = user.Token, ["NODE_EXTRA_CA_CERTS"] = Authority,
        })).EnsureSuccess();
        var done = JsonDocument.Parse(result.Output.Trim().Split('\n')[^1]).RootElement;
        Assert.Equal((8, 8, 64 * 64 * 2), (done.GetProperty("instances").GetInt32(), done.GetProperty("files").GetInt32(), done.GetProperty("frameBytes").GetInt32()));
    }

    [SkippableFact]
    public async Task Orthanc_finds_pulls_and_pushes_studies_with_its_plug_in()
    {
        Skip.IfNot(OrthancServer.IsInstalled, "Debian's orthanc-dicomweb is not installed.");
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var (here, there) = (new SyntheticSeries(), new SyntheticSeries(slices: 5));
        await user.UploadAsync(here.Files);
        await using var orthanc = await OrthancServer.StartAsync(mesh, user);

        var found = await orthanc.AskMeshAsync("qido", new { Uri = "/studies", Arguments = new Dictionary<string, string> { ["PatientID"] = here.PatientId } });
        Assert.Contains(here.StudyInstanceUid, found.ToString(), StringComparison.Ordinal);

        await orthanc.AskMeshAsync("retrieve", new { Resources = new[] { new { Study = here.StudyInstanceUid } }, Synchronous = true });
        Assert.Equal(Hashes(here.Files), Hashes(await orthanc.FilesAsync()));
        var known = (await orthanc.IdsAsync("studies")).ToHashSet();

        foreach (var file in there.Files)
        {
            await orthanc.AddAsync(file);
        }

        var study = Assert.Single(await orthanc.IdsAsync("studies"), id => !known.Contains(id));
        await orthanc.AskMeshAsync("stow", new { Resources = new[] { study }, Synchronous = true });
        var stored = await user.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = there.StudyInstanceUid }, user.Headers).FilesAsync();
        Assert.Equal(Hashes(there.Files), Hashes(stored.Values));
    }

    [SkippableFact]
    public async Task Curl_stores_a_file_and_gets_it_back_whole_in_parts_and_encoded()
    {
        Skip.IfNot(Programs.Has("curl"), "curl is not installed.");
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var instance = new SmallInstance { Comment = new string('x', 50_000) };
        using var folder = new FileFolder([instance.File]);
        var (file, got) = (Directory.GetFiles(folder.Path).Single(), Path.Combine(folder.Path, "got"));
        var url = new Uri(mesh.Https, "/dicomweb/studies").ToString();
        string[] common = ["--silent", "--show-error", "--fail-with-body", "--cacert", Authority, "--header", "@-"];
        var headers = $"Authorization: Bearer {user.Token}\n";
        Task<ProgramResult> CurlAsync(params string[] arguments) => Programs.RunAsync("curl", [.. common, .. arguments], headers);

        (await CurlAsync("--header", "Content-Type: application/dicom", "--data-binary", "@" + file, url)).EnsureSuccess();
        var address = $"{url}/{instance.Study}/series/{instance.Series}/instances/{instance.Instance}";
        (await CurlAsync("--header", "Accept: application/dicom", "--output", got, address)).EnsureSuccess();
        Assert.Equal(instance.File, await File.ReadAllBytesAsync(got));

        // What broke off after 10,000 bytes is continued.
        await File.WriteAllBytesAsync(got, instance.File[..10_000]);
        (await CurlAsync("--header", "Accept: application/dicom", "--continue-at", "-", "--output", got, address)).EnsureSuccess();
        Assert.Equal(instance.File, await File.ReadAllBytesAsync(got));

        var plain = (await CurlAsync(address + "/metadata")).EnsureSuccess().Output;
        Assert.Equal(plain, (await CurlAsync("--compressed", "--http1.1", address + "/metadata")).EnsureSuccess().Output);
        Assert.Contains("406", (await CurlAsync("--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Accept: text/html", address + "/metadata")).Output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Hashes(IEnumerable<byte[]> files) => files.Select(f => Convert.ToHexStringLower(SHA256.HashData(f))).Order(StringComparer.Ordinal);

    /// <summary>Files in a folder of their own.</summary>
    private sealed class FileFolder : IDisposable
    {
        public FileFolder(IReadOnlyList<byte[]> files)
        {
            for (var i = 0; i < files.Count; i++)
            {
                File.WriteAllBytes(System.IO.Path.Combine(Path, $"{i:d4}.dcm"), files[i]);
            }
        }

        public string Path { get; } = Directory.CreateTempSubdirectory("mcc-client-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
