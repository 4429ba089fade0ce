using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using MedCloudCare.Dicom.Tests;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Every file of pydicom's test set, through the public faces and back, against what pydicom reads.</summary>
[Collection(MeshCollection.Name)]
public sealed class PydicomFileTests(PydicomArchive archive) : IClassFixture<PydicomArchive>
{
    private const string BigEndian = "1.2.840.10008.1.2.2";

    private static readonly ParallelOptions Few = new() { MaxDegreeOfParallelism = 4 };

    /// <summary>
    /// Files that cannot be stored, and why. A file whose length is declared (by the RPC) is too short as soon as a length reaches
    /// beyond it; otherwise (by STOW-RS) it is truncated where it ends.
    /// </summary>
    private static readonly SortedDictionary<string, string> Unstorable = new(StringComparer.Ordinal)
    {
        ["charset_files/chrSQEncoding.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["charset_files/chrSQEncoding1.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/fall.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/hotiron.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/hotmetalblue.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/pet.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/pet20step.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/spring.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/summer.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["palettes/winter.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/MR_truncated.dcm"] = "DICOM_TRUNCATED",
        ["test_files/UN_sequence.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/DICOMDIR"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/DICOMDIR-bigEnd"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/DICOMDIR-empty.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/DICOMDIR-implicit"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/DICOMDIR-nooffset"] = "DICOM_LENGTH_INVALID",
        ["test_files/dicomdirtests/DICOMDIR-nopatient"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/DICOMDIR-reordered"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/TINY_ALPHA/DICOMDIR"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/dicomdirtests/TINY_ALPHA/README"] = "DICOM_NOT_RECOGNISED",
        ["test_files/empty_charset_LEI.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/meta_missing_tsyntax.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/nested_priv_SQ.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/no_meta.dcm"] = "DICOM_NOT_RECOGNISED",
        ["test_files/no_meta_group_length.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/priv_SQ.dcm"] = "DICOM_IDENTIFIER_MISSING",
        ["test_files/rtplan_truncated.dcm"] = "DICOM_LENGTH_INVALID",
    };

    [SkippableFact]
    public void Exactly_the_files_that_cannot_be_identified_or_are_cut_short_are_refused_with_their_reasons()
    {
        SkipWithoutPydicom();
        var (expected, actual) = (string.Join('\n', Unstorable), string.Join('\n', archive.Refused));
        Assert.True(expected == actual, $"expected:\n{expected}\nactual:\n{actual}");
        Assert.True(archive.Stored.Count > 100, $"only {archive.Stored.Count} files are stored");
    }

    [SkippableFact]
    public async Task What_comes_back_is_the_file_that_went_in()
    {
        SkipWithoutPydicom();
        await ForEachAsync(archive.Stored, async (file, client) =>
        {
            var multipart = await client.GetAsync(file.Path, DicomWebClient.MultipartDicom);
            AssertSame(file, Assert.Single(multipart.Parts).Content);
            Assert.Equal($"application/dicom; transfer-syntax={file.Syntax}", multipart.Parts[0].ContentType);
            AssertSame(file, (await client.GetAsync(file.Path, "application/dicom; transfer-syntax=*")).Body);

            var request = new RetrieveInstanceRequest { StudyInstanceUid = file.Study, SeriesInstanceUid = file.Series, SopInstanceUid = file.Instance };
            AssertSame(file, Assert.Single(await file.Owner!.Studies.RetrieveInstance(request, file.Owner.Headers).FilesAsync()).Value);
        });
    }

    [SkippableFact]
    public async Task The_metadata_and_the_bulk_data_that_they_name_are_what_pydicom_reads()
    {
        SkipWithoutPydicom();
        var bulks = 0;
        await ForEachAsync(archive.Stored, async (file, client) =>
        {
            var answer = await client.GetAsync(file.Path + "/metadata", "application/dicom+json");
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            var metadata = Assert.Single(answer.Json.EnumerateArray());
            var values = new Dictionary<string, byte[]>();
            foreach (var (uri, vr) in BulkData.Of(metadata))
            {
                var bulk = await client.GetAsync(uri, "application/octet-stream");
                Assert.True(bulk.Status == HttpStatusCode.OK, $"{uri}: {bulk}");

                // pydicom gives values of big endian files as they stand; bulk data are little endian.
                values.Add(uri, file.Syntax == BigEndian ? BulkData.ToBigEndian(bulk.Body, vr) : bulk.Body);
                Interlocked.Increment(ref bulks);
            }

            var comparison = new JsonComparison(uri => values[uri], file.Syntax == BigEndian);
            comparison.Compare(metadata, file.Reference.GetProperty("json"));
            var differences = comparison.Differences.Select(d => $"{Path.GetFileName(file.Name)} {d}").Except(PydicomReference.AllowedDifferences).ToList();
            Assert.True(differences.Count == 0, string.Join('\n', differences));
        });
        Assert.True(bulks > 50, $"only {bulks} values were bulk data");
    }

    [SkippableFact]
    public async Task Every_frame_is_what_pydicom_reads()
    {
        SkipWithoutPydicom();
        var framed = archive.Stored.Where(f => f.Reference.TryGetProperty("frames", out var frames) && frames.ValueKind == JsonValueKind.Array).ToList();
        await ForEachAsync(framed, async (file, client) =>
        {
            var expected = file.Reference.GetProperty("frames").EnumerateArray().Select(f => f.GetString()!).ToList();
            var answer = await client.GetAsync($"{file.Path}/frames/{string.Join(',', Enumerable.Range(1, expected.Count))}", DicomWebClient.MultipartFrames);
            Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
            Assert.Equal(expected, answer.Parts.Select(p => Convert.ToHexStringLower(SHA256.HashData(p.Content))));
            Assert.All(answer.Parts, p => Assert.Contains("transfer-syntax=", p.ContentType, StringComparison.Ordinal));

            // The last one alone, without multipart.
            var single = await client.GetAsync($"{file.Path}/frames/{expected.Count}", "application/octet-stream; transfer-syntax=*");
            Assert.Equal(expected[^1], Convert.ToHexStringLower(SHA256.HashData(single.Body)));
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"{file.Path}/frames/{expected.Count + 1}", DicomWebClient.MultipartFrames)).Status);
        });
        Assert.True(framed.Count > 50, $"only {framed.Count} files have frames");
    }

    private void SkipWithoutPydicom() => Skip.If(archive.Stored.Count == 0, "Debian's python3-pydicom is not installed.");

    /// <summary>Checks all files, and names those that fail.</summary>
    private static async Task ForEachAsync(IEnumerable<PydicomFile> files, Func<PydicomFile, DicomWebClient, Task> check)
    {
        var failures = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(files, Few, async (file, _) =>
        {
            using var client = new DicomWebClient(file.Owner!);
            try
            {
                await check(file, client);
            }
            catch (Exception e)
            {
                failures.Enqueue($"{file.Name}: {e.Message}");
            }
        });
        Assert.True(failures.IsEmpty, string.Join('\n', failures));
    }

    private static void AssertSame(PydicomFile file, byte[] answer) =>
        Assert.True(file.Content.AsSpan().SequenceEqual(answer), $"{answer.Length} bytes came back of {file.Content.Length}, the first that differs at {file.Content.AsSpan().CommonPrefixLength(answer)}");
}
