using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Store;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class StoreResponseTests
{
    [Fact]
    public void Everything_stored_is_200_and_duplicates_count_as_stored()
    {
        var response = Of(Stored("1.2", "1"), Stored("1.2", "2", InstanceResult.Types.Outcome.Duplicate));
        Assert.Equal(200, response.StatusCode);
        var json = Json(response);
        Assert.Equal("http://h/dicomweb/studies/1.2", Text(json, "00081190"));
        var items = json.GetProperty("00081199").GetProperty("Value");
        Assert.Equal(2, items.GetArrayLength());
        Assert.Equal("http://h/dicomweb/studies/1.2/series/1.2.1/instances/2", Text(items[1], "00081190"));
        Assert.Equal("1", Text(items[0], "00081155"));
        Assert.False(json.TryGetProperty("00081198", out _));
    }

    [Fact]
    public void Some_stored_is_202_and_every_failure_says_why()
    {
        var response = Of(
            Stored("1.2", "1"),
            new InstanceResult { Outcome = InstanceResult.Types.Outcome.Refused, SopInstanceUid = "2", SopClassUid = "9", Reason = Reason.InstanceConflict, Message = "other bytes" },
            new InstanceResult { Outcome = InstanceResult.Types.Outcome.Refused, Reason = Reason.DicomTruncated, Message = "at byte 7" });
        Assert.Equal(202, response.StatusCode);
        var json = Json(response);
        var failed = json.GetProperty("00081198").GetProperty("Value")[0];
        Assert.Equal(("2", "9", "INSTANCE_CONFLICT", "other bytes"), (Text(failed, "00081155"), Text(failed, "00081150"), Text(failed, "00000902"), Text(failed, "0040A160")));
        Assert.Equal(0x0111, failed.GetProperty("00081197").GetProperty("Value")[0].GetInt32());
        var other = json.GetProperty("0008119A").GetProperty("Value")[0];
        Assert.Equal(0xC000, other.GetProperty("00081197").GetProperty("Value")[0].GetInt32());
    }

    [Fact]
    public void Nothing_stored_is_409()
    {
        var response = new StoreResponse();
        response.AddUnidentified(Reason.DicomNotRecognised, "no instance");
        Assert.Equal(409, response.StatusCode);
    }

    [Fact]
    public void Studies_of_two_have_no_common_url() => Assert.False(Json(Of(Stored("1.2", "1"), Stored("1.3", "2"))).TryGetProperty("00081190", out _));

    [Fact]
    public void Every_reason_has_a_failure_code() => Assert.All(Enum.GetValues<Reason>(), r => Assert.InRange(StoreResponse.FailureOf(r), 0x0100, 0xFFFF));

    private static StoreResponse Of(params InstanceResult[] results)
    {
        var response = new StoreResponse();
        response.Add(results);
        return response;
    }

    private static InstanceResult Stored(string study, string instance, InstanceResult.Types.Outcome outcome = InstanceResult.Types.Outcome.Stored) => new()
    {
        Outcome = outcome,
        StudyInstanceUid = study,
        SeriesInstanceUid = study + ".1",
        SopInstanceUid = instance,
        SopClassUid = "1.2.840.10008.5.1.4.1.1.4",
    };

    private static JsonElement Json(StoreResponse response) => JsonDocument.Parse(response.ToJson("http://h/dicomweb")).RootElement;

    private static string? Text(JsonElement item, string tag) => item.GetProperty(tag).GetProperty("Value")[0].GetString();
}
