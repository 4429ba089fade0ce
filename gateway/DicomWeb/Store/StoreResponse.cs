using System.Buffers;
using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>
/// The Store Instances Response Module (PS3.18 §10.5.3, annex I) in DICOM JSON. Failed items also carry our reason as Error
/// Comment (0000,0902) and what is wrong, and where, as Text Value (0040,A160). Items stored with a warning carry Warning Reason
/// (0008,1196) B000: not all of it is as it was sent, or a search answers otherwise than it says; what, is the Error Comment.
/// </summary>
internal sealed class StoreResponse
{
    private readonly List<InstanceResult> _stored = [];
    private readonly List<InstanceResult> _failed = [];
    private readonly List<InstanceResult> _unidentified = [];

    private const int Coerced = 0xB000;

    /// <summary>200 where all is stored without warnings, 202 where some is or with warnings, 409 where nothing is (PS3.18 table 10.5.3-1).</summary>
    public int StatusCode => (_stored.Count, _failed.Count + _unidentified.Count + _stored.Count(r => r.Warnings.Count > 0)) switch
    {
        (0, _) => StatusCodes.Status409Conflict,
        (_, 0) => StatusCodes.Status200OK,
        _ => StatusCodes.Status202Accepted,
    };

    public void Add(IEnumerable<InstanceResult> results)
    {
        foreach (var result in results)
        {
            var list = result switch
            {
                { Outcome: InstanceResult.Types.Outcome.Stored or InstanceResult.Types.Outcome.Duplicate } => _stored,
                { SopInstanceUid.Length: > 0 } => _failed,
                _ => _unidentified,
            };
            list.Add(result);
        }
    }

    /// <summary>A part that is no instance at all.</summary>
    public void AddUnidentified(Reason reason, string message) => _unidentified.Add(new InstanceResult { Reason = reason, Message = message });

    /// <summary>An instance that is not passed on.</summary>
    public void AddFailed(DicomDataset dataset, Reason reason, string message) => Add(
    [
        new InstanceResult
        {
            Outcome = InstanceResult.Types.Outcome.Refused, Reason = reason, Message = message,
            SopClassUid = dataset.GetString(DicomTags.SOPClassUID) ?? "", SopInstanceUid = dataset.GetString(DicomTags.SOPInstanceUID) ?? "",
        },
    ]);

    /// <summary>The module; it names the study's URL where all that is stored belongs to one.</summary>
    public byte[] ToJson(string dicomWebUrl)
    {
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        if (_stored.Select(r => r.StudyInstanceUid).Distinct().Take(2).ToList() is [var study]) WriteValue(json, "00081190", "UR", $"{dicomWebUrl}/studies/{study}");
        WriteSequence(json, "00081198", _failed, WriteFailure);
        WriteSequence(json, "00081199", _stored, (writer, result) =>
        {
            WriteWarnings(writer, result);
            WriteReference(writer, result);
            WriteValue(writer, "00081190", "UR", $"{dicomWebUrl}/studies/{result.StudyInstanceUid}/series/{result.SeriesInstanceUid}/instances/{result.SopInstanceUid}");
        });
        WriteSequence(json, "0008119A", _unidentified, WriteFailure);
        json.WriteEndObject();
        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Failure Reason (0008,1197), PS3.18 table I.2-2 and PS3.4 table B.2-1: out of resources, data set does not match,
    /// duplicate, not supported, cannot be understood; anything else is a processing failure.
    /// </summary>
    public static int FailureOf(Reason reason) => reason switch
    {
        Reason.LimitExceeded => 0xA700,
        Reason.DicomIdentifierMissing => 0xA900,
        Reason.StudyMismatch => 0xA901,
        Reason.NotPermitted or Reason.RoleNotAllowed => 0x0124,
        Reason.InstanceConflict => 0x0111,
        Reason.NotSupported => 0x0122,
        Reason.DicomNotRecognised or Reason.DicomTruncated or Reason.DicomLengthInvalid or Reason.DicomTooComplex
            or Reason.DicomDeflateInvalid or Reason.DicomMalformed => 0xC000,
        _ => 0x0110,
    };

    private static void WriteFailure(Utf8JsonWriter json, InstanceResult result)
    {
        WriteValue(json, "00000902", "LO", MeshErrors.NameOf(result.Reason));
        if (result.SopInstanceUid.Length > 0) WriteReference(json, result);
        WriteValue(json, "00081197", FailureOf(result.Reason));
        if (result.Message.Length > 0) WriteValue(json, "0040A160", "UT", result.Message);
    }

    private static void WriteWarnings(Utf8JsonWriter json, InstanceResult result)
    {
        if (result.Warnings.Count == 0) return;
        WriteValue(json, "00000902", "LO", string.Join(' ', result.Warnings.Select(NameOf)));
        WriteValue(json, "00081196", Coerced);
    }

    private static string NameOf(InstanceWarning warning) => warning switch
    {
        InstanceWarning.PreambleCleared => "PREAMBLE_CLEARED",
        InstanceWarning.PatientDiffers => "PATIENT_DIFFERS",
        InstanceWarning.PatientNameDiffers => "PATIENT_NAME_DIFFERS",
        _ => "WARNING",
    };

    private static void WriteReference(Utf8JsonWriter json, InstanceResult result)
    {
        WriteValue(json, "00081150", "UI", result.SopClassUid);
        WriteValue(json, "00081155", "UI", result.SopInstanceUid);
    }

    private static void WriteSequence(Utf8JsonWriter json, string tag, List<InstanceResult> results, Action<Utf8JsonWriter, InstanceResult> write)
    {
        if (results.Count == 0) return;
        json.WriteStartObject(tag);
        json.WriteString("vr", "SQ");
        json.WriteStartArray("Value");
        foreach (var result in results)
        {
            json.WriteStartObject();
            write(json, result);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string tag, string vr, string value)
    {
        json.WriteStartObject(tag);
        json.WriteString("vr", vr);
        json.WriteStartArray("Value");
        json.WriteStringValue(value);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string tag, int value)
    {
        json.WriteStartObject(tag);
        json.WriteString("vr", "US");
        json.WriteStartArray("Value");
        json.WriteNumberValue(value);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
