using System.Globalization;
using MedCloudCare.Dicom;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>What the database knows in the clear about an instance.</summary>
internal sealed record InstanceRow(Guid Id, string SopInstanceUid, string SopClassUid, InstanceFacts Facts, Guid Batch, int Position)
{
    public const string Columns =
        "i.id, i.sop_instance_uid, i.sop_class_uid, i.instance_number, i.rows, i.columns, i.bits_allocated, i.frames, i.batch_id, i.batch_position";

    /// <summary>Whether an attribute is answered from here.</summary>
    public static bool Holds(DicomTag tag) => tag == DicomTags.SOPInstanceUID || tag == DicomTags.SOPClassUID || tag == DicomTags.InstanceNumber
        || tag == DicomTags.Rows || tag == DicomTags.Columns || tag == DicomTags.BitsAllocated || tag == DicomTags.NumberOfFrames;

    public static InstanceRow Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetString(1), reader.GetString(2),
        new InstanceFacts(Integer(reader, 3), Integer(reader, 4), Integer(reader, 5), Integer(reader, 6), Integer(reader, 7)),
        reader.GetGuid(8), reader.GetInt32(9));

    /// <summary>Whether the row meets a condition on one of its attributes.</summary>
    public bool Meets(AttributeMatch match)
    {
        DicomTag tag = match.Root;
        if (tag == DicomTags.SOPInstanceUID)
        {
            return match.Matcher.Matches(SopInstanceUid);
        }

        if (tag == DicomTags.SOPClassUID)
        {
            return match.Matcher.Matches(SopClassUid);
        }

        int? number = tag == DicomTags.InstanceNumber ? Facts.InstanceNumber
            : tag == DicomTags.Rows ? Facts.Rows
            : tag == DicomTags.Columns ? Facts.Columns
            : tag == DicomTags.BitsAllocated ? Facts.BitsAllocated
            : Facts.Frames;
        return number is { } value && match.Matcher.Matches(value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Puts the row's attributes into an answer (PS3.18 table 10.6.3-5).</summary>
    public void WriteTo(DicomJsonObject answer)
    {
        answer.Set(DicomTags.SOPClassUID, DicomVR.UI, SopClassUid);
        answer.Set(DicomTags.SOPInstanceUID, DicomVR.UI, SopInstanceUid);
        Set(answer, DicomTags.InstanceNumber, DicomVR.IS, Facts.InstanceNumber, always: true);
        Set(answer, DicomTags.Rows, DicomVR.US, Facts.Rows, always: false);
        Set(answer, DicomTags.Columns, DicomVR.US, Facts.Columns, always: false);
        Set(answer, DicomTags.BitsAllocated, DicomVR.US, Facts.BitsAllocated, always: false);
        Set(answer, DicomTags.NumberOfFrames, DicomVR.IS, Facts.Frames, always: false);
    }

    private static void Set(DicomJsonObject answer, DicomTag tag, DicomVR vr, int? value, bool always)
    {
        if (value is { } number)
        {
            answer.Set(tag, vr, number);
        }
        else if (always)
        {
            answer.Complete(tag);
        }
    }

    private static int? Integer(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);
}
