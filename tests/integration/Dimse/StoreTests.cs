using System.Text.RegularExpressions;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Dimse;

[Collection(MeshCollection.Name)]
public sealed class StoreTests(MeshFixture mesh)
{
    [SkippableFact]
    public async Task Five_hundred_instances_are_there_once_after_a_killed_sender_has_begun_anew()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var series = new SyntheticSeries(slices: 500, rows: 16, columns: 16);
        var folder = await scu.FilesAsync("in", series.Files);

        using (var first = scu.StartStoring(folder))
        {
            await Eventually.TrueAsync("some instances", TimeSpan.FromSeconds(60), async () => await user.CountAsync(series.SeriesInstanceUid) >= 40);
            first.Kill();
            await first.WaitForExitAsync();
        }

        Assert.InRange(await user.CountAsync(series.SeriesInstanceUid), 40, 499);
        (await scu.StoreAsync(folder)).EnsureSuccess();
        var stored = await user.StoredAsync(series.SeriesInstanceUid);
        Assert.Equal(500, stored.Count);
        Assert.All(series.SopInstanceUids.Zip(series.Files), p => Assert.True(
            StoredSets.DataSetOf(p.Second).Span.SequenceEqual(StoredSets.DataSetOf(stored[p.First]).Span), p.First));

        // Once more: all of them are known, nothing is added.
        var again = (await scu.StoreAsync(folder)).EnsureSuccess();
        Assert.Equal(500, again.Output.Split('\n').Concat(again.Error.Split('\n')).Count(l => l.Contains("Received Store Response (Success)", StringComparison.Ordinal)));
        Assert.Equal(500, await user.CountAsync(series.SeriesInstanceUid));
    }

    [SkippableFact]
    public async Task Several_associations_store_at_once_into_one_study()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.Researcher);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var study = SyntheticSeries.NewUid();
        var series = Enumerable.Range(0, 6).Select(_ => new SyntheticSeries(slices: 20, rows: 16, columns: 16, study)).ToList();
        var folders = new List<string>();
        foreach (var s in series) folders.Add(await scu.FilesAsync(s.SeriesInstanceUid, s.Files));
        foreach (var result in await Task.WhenAll(folders.Select(f => scu.StoreAsync(f)))) result.EnsureSuccess();
        foreach (var s in series) Assert.Equal(20, await user.CountAsync(s.SeriesInstanceUid));
    }

    [SkippableFact]
    public async Task Other_bytes_under_a_stored_uid_are_refused_and_the_first_are_kept()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var one = new SmallInstance { PatientName = "Original^Kept" };
        (await scu.StoreAsync(await scu.FilesAsync("one", [one.File]))).EnsureSuccess();
        var refused = await scu.StoreAsync(await scu.FilesAsync("two", [(one with { Comment = "changed" }).File]));
        Assert.True(Regex.IsMatch(refused.Output + refused.Error, "(?i)duplicate|111"), refused.Output + refused.Error);
        var stored = Assert.Single(await user.StoredAsync(one.Series));
        Assert.True(StoredSets.DataSetOf(one.File).Span.SequenceEqual(StoredSets.DataSetOf(stored.Value).Span));
    }

    [SkippableTheory]
    [InlineData("implicit", "dcmconv", "+ti", "-xi", "1.2.840.10008.1.2")]
    [InlineData("explicit", "dcmconv", "+te", "-xe", "1.2.840.10008.1.2.1")]
    [InlineData("big endian", "dcmconv", "+tb", "-xb", "1.2.840.10008.1.2.2")]
    [InlineData("deflated", "dcmconv", "+td", "-xd", "1.2.840.10008.1.2.1.99")]
    [InlineData("JPEG lossless", "dcmcjpeg", "+e1", "-xs", "1.2.840.10008.1.2.4.70")]
    [InlineData("JPEG extended", "dcmcjpeg", "+ee", "-xx", "1.2.840.10008.1.2.4.51")]
    [InlineData("JPEG-LS", "dcmcjpls", "+el", "-xt", "1.2.840.10008.1.2.4.80")]
    [InlineData("RLE", "dcmcrle", "+e", "-xr", "1.2.840.10008.1.2.5")]
    public async Task A_transfer_syntax_is_stored_as_it_comes(string name, string encoder, string encoding, string proposal, string syntax)
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var series = new SyntheticSeries(slices: 1, rows: 32, columns: 32);
        var source = Path.Combine(await scu.FilesAsync("source", series.Files), "0000.dcm");
        var folder = scu.Folder("in");
        var sent = Path.Combine(folder, "sent.dcm");
        (await Programs.RunAsync(encoder, [encoding, source, sent])).EnsureSuccess();
        (await scu.StoreAsync(folder, proposal)).EnsureSuccess();

        var (_, file) = Assert.Single(await user.StoredAsync(series.SeriesInstanceUid));
        var info = DicomInstanceScanner.Scan(file);
        Assert.True(syntax == info.TransferSyntaxUid, name);
        var stored = Path.Combine(scu.Folder("out"), "stored.dcm");
        await File.WriteAllBytesAsync(stored, file);
        (await Programs.RunAsync(Programs.Python, ["-c", SameDataSet, sent, stored])).EnsureSuccess();
    }

    [SkippableFact]
    public async Task A_file_that_cannot_be_read_gets_a_status_and_the_others_are_stored()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var (good, second) = (new SmallInstance(), new SmallInstance());

        // Without a study it identifies nothing; dcmtk sends it all the same.
        var bad = DicomFile.ToArray(new SmallInstance().Dataset.Set(DicomTags.StudyInstanceUID, Array.Empty<string>()));
        var result = await scu.StoreAsync(await scu.FilesAsync("in", [good.File, bad, second.File]), "-nh");
        Assert.True(Regex.IsMatch(result.Output + result.Error, "(?i)cannot ?understand|C000"), result.Output + result.Error);
        Assert.Equal((1, 1), (await user.CountAsync(good.Series), await user.CountAsync(second.Series)));
    }

    private const string SameDataSet =
        """
        import sys, pydicom
        a, b = (pydicom.dcmread(p, force=True) for p in sys.argv[1:])
        assert a.file_meta.TransferSyntaxUID == b.file_meta.TransferSyntaxUID
        assert a == b, "the data sets differ"
        """;
}
