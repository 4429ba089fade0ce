using System.Text.Json;
using MedCloudCare.Auth.V1;
using MedCloudCare.Dicom.Tests;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Role = MedCloudCare.Common.V1.Role;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>
/// pydicom's test files in a mesh: one half stored by STOW-RS, the other by the streaming RPC. Files that share a SOP Instance
/// UID have different owners.
/// </summary>
public sealed class PydicomArchive(MeshFixture mesh) : IAsyncLifetime
{
    private readonly List<TestUser> _owners = [];

    /// <summary>Nothing, where Debian's python3-pydicom is not installed.</summary>
    public IReadOnlyList<PydicomFile> Stored { get; private set; } = [];

    /// <summary>Name → reason.</summary>
    public SortedDictionary<string, string> Refused { get; } = new(StringComparer.Ordinal);

    public async Task InitializeAsync()
    {
        var files = new List<PydicomFile>();
        foreach (var (path, reference) in PydicomReference.Files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            var name = path[(path.IndexOf("/data/", StringComparison.Ordinal) + 6)..];
            files.Add(new PydicomFile(name, await File.ReadAllBytesAsync(path), reference));
        }

        var owned = new List<HashSet<string>>();
        var shares = new List<List<PydicomFile>>();
        foreach (var file in files)
        {
            var owner = owned.FindIndex(uids => !uids.Contains(file.InstanceUid));
            if (owner < 0)
            {
                owner = owned.Count;
                owned.Add([]);
                shares.Add([]);
                _owners.Add(await mesh.NewUserAsync(Role.HealthProfessional));
            }

            if (file.InstanceUid.Length > 0)
            {
                owned[owner].Add(file.InstanceUid);
            }

            shares[owner].Add(file);
        }

        for (var i = 0; i < shares.Count; i++)
        {
            await StoreAsync(_owners[i], [.. shares[i].Where((_, n) => n % 2 == 0)]);
            await UploadAsync(_owners[i], [.. shares[i].Where((_, n) => n % 2 == 1)]);
        }

        Stored = [.. files.Where(f => f.Owner is not null)];
    }

    public Task DisposeAsync() => Task.CompletedTask;

    private async Task StoreAsync(TestUser owner, IReadOnlyList<PydicomFile> files)
    {
        using var client = new DicomWebClient(owner);
        foreach (var file in files)
        {
            var answer = await client.StoreAsync([file.Content]);
            if (answer.Items("00081199") is [{ } stored])
            {
                var segments = stored.First("00081190")!.Split('/');
                file.Keep(owner, segments[^5], segments[^3], segments[^1]);
            }
            else
            {
                Refused.Add(file.Name, answer.Items("00081198").Concat(answer.Items("0008119A")).Single().First("00000902")!);
            }
        }
    }

    private async Task UploadAsync(TestUser owner, IReadOnlyList<PydicomFile> files)
    {
        var answer = await owner.UploadAsync(files.Select(f => f.Content));
        foreach (var (file, result) in files.Zip(answer.Results))
        {
            if (result.Outcome == InstanceResult.Types.Outcome.Stored)
            {
                file.Keep(owner, result.StudyInstanceUid, result.SeriesInstanceUid, result.SopInstanceUid);
            }
            else
            {
                Refused.Add(file.Name, MeshErrors.NameOf(result.Reason));
            }
        }
    }
}

/// <summary>A file, what pydicom says of it, and where it is stored.</summary>
public sealed class PydicomFile(string name, byte[] content, JsonElement reference)
{
    public string Name => name;

    public byte[] Content => content;

    public JsonElement Reference => reference;

    /// <summary>As pydicom reads it; empty where there is none.</summary>
    public string InstanceUid { get; } = reference.TryGetProperty("json", out var json) ? json.First("00080018")?.Trim('\0', ' ') ?? "" : "";

    public string Syntax => reference.GetProperty("syntax").GetString()!;

    public TestUser? Owner { get; private set; }

    public string Study { get; private set; } = "";

    public string Series { get; private set; } = "";

    public string Instance { get; private set; } = "";

    /// <summary>Below /dicomweb.</summary>
    public string Path => $"studies/{Study}/series/{Series}/instances/{Instance}";

    internal void Keep(TestUser owner, string study, string series, string instance) => (Owner, Study, Series, Instance) = (owner, study, series, instance);
}
