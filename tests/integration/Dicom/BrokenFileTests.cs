using System.Globalization;
using System.Text.RegularExpressions;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom.Tests;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.DicomFiles;

/// <summary>Files that are known to be broken, in one batch with good ones: each is refused by itself, saying what is wrong and where.</summary>
[Collection(MeshCollection.Name)]
public sealed partial class BrokenFileTests(MeshFixture mesh)
{
    /// <summary>pydicom's broken files: name, reason, path of the fault.</summary>
    private static readonly (string Name, Reason Reason, string Path)[] Broken =
    [
        ("MR_truncated.dcm", Reason.DicomLengthInvalid, "7FE00010"),
        ("rtplan_truncated.dcm", Reason.DicomLengthInvalid, "300A00B0"),
        ("DICOMDIR-nooffset", Reason.DicomLengthInvalid, ""),
        ("no_meta.dcm", Reason.DicomNotRecognised, ""),
        ("README", Reason.DicomNotRecognised, ""),
        ("UN_sequence.dcm", Reason.DicomIdentifierMissing, "00080018"),
        ("DICOMDIR-bigEnd", Reason.DicomIdentifierMissing, "00080018"),
    ];

    [SkippableFact]
    public async Task Files_known_to_be_broken_are_refused_with_their_place_and_the_good_ones_among_them_are_kept()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var good = Enumerable.Range(0, Broken.Length + 1).Select(_ => new SmallInstance()).ToList();
        List<byte[]> batch = [good[0].File];
        for (var i = 0; i < Broken.Length; i++) batch.AddRange([await File.ReadAllBytesAsync(PydicomReference.FileNamed(Broken[i].Name)), good[i + 1].File]);

        var results = (await user.UploadAsync(batch)).Results;
        Assert.All(results.Where((_, i) => i % 2 == 0), r => Assert.Equal(Outcome.Stored, r.Outcome));
        for (var i = 0; i < Broken.Length; i++)
        {
            var (name, reason, path) = Broken[i];
            var result = results[(2 * i) + 1];
            Assert.True(result.Outcome == Outcome.Refused && result.Reason == reason, $"{name}: {result}");
            Assert.True(result.Message.Contains(path, StringComparison.Ordinal), $"{name}: {result.Message}");
            if (reason != Reason.DicomIdentifierMissing)
            {
                var at = Offset().Match(result.Message);
                Assert.True(at.Success, $"{name}: {result.Message}");
                Assert.InRange(long.Parse(at.Groups[1].Value, CultureInfo.InvariantCulture), 0, batch[(2 * i) + 1].Length);
            }
        }

        // By STOW-RS the same, with what is there in the Store Instances Response.
        using var client = new DicomWebClient(await mesh.NewUserAsync(Role.HealthProfessional));
        var answer = await client.StoreAsync(batch);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(good.Select(g => g.Instance), answer.Items("00081199").Select(s => s.First("00081155")));
        var failed = answer.Items("00081198").Concat(answer.Items("0008119A")).ToList();
        Assert.Equal(Broken.Length, failed.Count);
        Assert.All(failed, f => Assert.NotEmpty(f.First("0040A160")!));
    }

    [SkippableFact]
    public async Task What_dcmtk_cannot_read_to_its_end_is_refused()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        Skip.IfNot(Programs.Has("dcmdump"), "Debian's dcmtk is not installed.");
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        List<byte[]> unreadable = [];
        List<string> names = [];
        foreach (var path in PydicomReference.Files.Keys.Order(StringComparer.Ordinal))
        {
            if ((await Programs.RunAsync("dcmdump", ["-q", path])).ExitCode == 0) continue;
            unreadable.Add(await File.ReadAllBytesAsync(path));
            names.Add(Path.GetFileName(path));
        }

        var results = (await user.UploadAsync(unreadable)).Results;
        var kept = names.Zip(results).Where(x => x.Second.Outcome != Outcome.Refused).Select(x => x.First);

        // Declares Explicit VR and is Implicit VR: as pydicom does, we believe the first element, and dcmtk the declaration.
        Assert.Equal(["SC_rgb_jpeg.dcm"], kept);
        Assert.True(names.Count > 3, string.Join(' ', names));
    }

    [GeneratedRegex("at byte ([0-9]+)")]
    private static partial Regex Offset();
}
