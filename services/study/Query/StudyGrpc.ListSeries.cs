using System.Globalization;
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
    public override async Task<ListSeriesResponse> ListSeries(ListSeriesRequest request, ServerCallContext context)
    {
        int size = Paging.Size(request.PageSize);
        Guid id = ResourceName.Parse(Studies, request.Parent, "parent");
        VisibleStudy study = await access.FindAsync(context.Caller(), id, context.CancellationToken) ?? throw MeshErrors.NotFound(request.Parent);
        List<SeriesRow> rows = await SeriesReader.ReadAsync(database, keys, [id], context.CancellationToken);
        rows.Sort(static (a, b) => OrderKey(a).CompareTo(OrderKey(b)));

        // The token is the last series shown: one that is added meanwhile shifts nothing.
        int start = 0;
        if (Paging.Decode(request.PageToken, 2) is { } place)
        {
            if (!int.TryParse(place[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number))
            {
                throw Paging.Malformed();
            }

            start = rows.FindIndex(r => OrderKey(r).CompareTo((number, place[1])) > 0);
            start = start < 0 ? rows.Count : start;
        }

        ListSeriesResponse response = new();
        int end = Math.Min(rows.Count, start + size);
        for (int i = start; i < end; i++)
        {
            response.Series.Add(ToProto(rows[i], study));
        }

        if (end < rows.Count)
        {
            (int number, string uid) = OrderKey(rows[end - 1]);
            response.NextPageToken = Paging.Encode(number.ToString(CultureInfo.InvariantCulture), uid);
        }

        return response;
    }

    public override async Task<Proto.Series> LookupSeries(LookupSeriesRequest request, ServerCallContext context)
    {
        VisibleSeries series = await access.RequireSeriesAsync(
            context.Caller(), request.StudyInstanceUid, request.SeriesInstanceUid, context.CancellationToken);
        List<SeriesRow> rows = await SeriesReader.ReadAsync(database, keys, [series.Study.Id], context.CancellationToken);
        return ToProto(rows.Find(r => r.Id == series.Id) ?? throw MeshErrors.NotFound("series"), series.Study);
    }

    private static (int Number, string Uid) OrderKey(SeriesRow row) => (row.Number ?? int.MaxValue, row.SeriesInstanceUid);

    private static Proto.Series ToProto(SeriesRow row, VisibleStudy study)
    {
        DicomDataset attributes = DicomDataset.FromJson(row.Attributes);
        return new Proto.Series
        {
            Name = $"{ResourceName.Of(Studies, row.StudyId)}/series/{row.SeriesInstanceUid}",
            StudyInstanceUid = study.StudyInstanceUid,
            SeriesInstanceUid = row.SeriesInstanceUid,
            Modality = attributes.GetString(DicomTags.Modality) ?? "",
            SeriesNumber = row.Number ?? 0,
            HasSeriesNumber = row.Number is not null,
            SeriesDescription = attributes.GetString(DicomTags.SeriesDescription) ?? "",
            BodyPartExamined = attributes.GetString(DicomTags.BodyPartExamined) ?? "",
            InstanceCount = row.InstanceCount,
            SizeBytes = row.SizeBytes,
            Author = ResourceName.Of(Accounts, row.Author),
            Owner = ResourceName.Of(Accounts, study.Owner),
            CreateTime = Timestamp.FromDateTime(row.CreateTime),
        };
    }
}
