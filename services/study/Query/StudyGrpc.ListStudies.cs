using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;
using Proto = MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task<ListStudiesResponse> ListStudies(ListStudiesRequest request, ServerCallContext context)
    {
        int size = Paging.Size(request.PageSize);
        StudyQuery query = QueryOf(request);
        string fingerprint = FingerprintOf(request);
        int offset = OffsetOf(request.PageToken, fingerprint);

        Guid caller = context.Caller().AccountId;
        VisibleStudies visible = await index.VisibleAsync(caller, context.CancellationToken);
        FoundStudies found = query.Run(visible.Own, visible.Shared);
        ListStudiesResponse response = new() { TotalSize = found.Count };
        int end = (int)Math.Min(found.Count, (long)offset + size);
        foreach (IndexedStudy study in found.Page(offset, size))
        {
            response.Studies.Add(ToProto(study.Record, study.Access));
        }

        if (end < found.Count)
        {
            response.NextPageToken = Paging.Encode(end.ToString(CultureInfo.InvariantCulture), fingerprint);
        }

        return response;
    }

    public override async Task<Proto.Study> GetStudy(GetStudyRequest request, ServerCallContext context)
    {
        Guid id = ResourceName.Parse(Studies, request.Name);
        VisibleStudy study = await access.FindAsync(context.Caller(), id, context.CancellationToken) ?? throw MeshErrors.NotFound(request.Name);
        StudyRecord record = await index.GetAsync(id, context.CancellationToken)
            ?? throw MeshErrors.Of(StatusCode.DataLoss, Common.V1.Reason.SealBroken, "The attributes of this study fail authentication. Tell the operator.");
        return ToProto(record, study.Access);
    }

    private static StudyQuery QueryOf(ListStudiesRequest request)
    {
        StudyQuery query = new() { Order = OrderOf(request.OrderBy) };
        Add(StudyField.PatientName, request.PatientName, "patient_name");
        Add(StudyField.PatientId, request.PatientId, "patient_id");
        Add(StudyField.StudyDate, request.StudyDate, "study_date");
        Add(StudyField.ModalitiesInStudy, request.Modality, "modality");
        Add(StudyField.AccessionNumber, request.AccessionNumber, "accession_number");
        Add(StudyField.StudyDescription, request.StudyDescription, "study_description");
        Add(StudyField.StudyInstanceUid, request.StudyInstanceUid, "study_instance_uid");
        return query;

        void Add(StudyField field, string value, string name)
        {
            try
            {
                ValueMatcher matcher = ValueMatcher.Compile(StudyFields.VROf(field), value, fuzzy: false);
                if (!matcher.IsUniversal)
                {
                    query.Matches.Add(new FieldMatch(field, matcher));
                }
            }
            catch (FormatException e)
            {
                throw MeshErrors.Invalid(name, e.Message);
            }
        }
    }

    private static StudyOrder? OrderOf(string orderBy)
    {
        string[] words = orderBy.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
        {
            return null;
        }

        if (words.Length > 2 || (words.Length == 2 && words[1] != "desc"))
        {
            throw MeshErrors.Invalid("order_by", "must be a field, which \" desc\" may follow");
        }

        StudyOrder.Key by = words[0] switch
        {
            "study_date" => StudyOrder.Key.StudyDate,
            "create_time" => StudyOrder.Key.CreateTime,
            "patient_name" => StudyOrder.Key.PatientName,
            "patient_id" => StudyOrder.Key.PatientId,
            "study_description" => StudyOrder.Key.StudyDescription,
            _ => throw MeshErrors.Invalid("order_by", "is not one of study_date, patient_name, patient_id, study_description, create_time"),
        };
        return new StudyOrder(by, IsDescending: words.Length == 2);
    }

    /// <summary>A page belongs to its filters: a token with other ones is refused.</summary>
    private static string FingerprintOf(ListStudiesRequest request)
    {
        ListStudiesRequest filters = request.Clone();
        filters.PageSize = 0;
        filters.PageToken = "";
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(filters.ToString())).AsSpan(0, 8));
    }

    private static int OffsetOf(string token, string fingerprint)
    {
        if (Paging.Decode(token, 2) is not { } place)
        {
            return 0;
        }

        return int.TryParse(place[0], NumberStyles.None, CultureInfo.InvariantCulture, out int offset) && place[1] == fingerprint
            ? offset
            : throw Paging.Malformed();
    }

    private static Proto.Study ToProto(StudyRecord record, Proto.Access access)
    {
        Proto.Study study = new()
        {
            Name = ResourceName.Of(Studies, record.Id),
            StudyInstanceUid = record.Text(StudyField.StudyInstanceUid),
            Owner = ResourceName.Of(Accounts, record.Owner),
            Access = access,
            PatientName = record.Text(StudyField.PatientName),
            PatientId = record.Text(StudyField.PatientId),
            PatientBirthDate = record.Text(StudyField.PatientBirthDate),
            PatientSex = record.Text(StudyField.PatientSex),
            StudyDate = record.Text(StudyField.StudyDate),
            StudyTime = record.Text(StudyField.StudyTime),
            AccessionNumber = record.Text(StudyField.AccessionNumber),
            StudyDescription = record.Text(StudyField.StudyDescription),
            ReferringPhysicianName = record.Text(StudyField.ReferringPhysicianName),
            SeriesCount = record.SeriesCount,
            InstanceCount = record.InstanceCount,
            SizeBytes = record.SizeBytes,
            CreateTime = Timestamp.FromDateTime(record.CreateTime),
            UpdateTime = Timestamp.FromDateTime(record.UpdateTime),
        };
        study.Modalities.AddRange(record.Text(StudyField.ModalitiesInStudy).Split('\\', StringSplitOptions.RemoveEmptyEntries));
        return study;
    }
}
