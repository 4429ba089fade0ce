using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>Finds the image that stands for a series or a study on its thumbnail.</summary>
internal sealed class RepresentativeImage(StudyService.StudyServiceClient studies)
{
    private const int MaxSeries = 100;

    // Series of these have no picture, or none that shows the study.
    private static readonly string[] NoImages = ["SR", "KO", "PR", "DOC", "RTSTRUCT", "RTPLAN", "RTRECORD", "REG", "FID", "SEG", "ECG", "HD", "AU", "PLAN", "RWV", "SMR"];

    /// <summary>The instance in the middle of a series.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND.</exception>
    public async Task<string> OfSeriesAsync(HttpContext http, string study, string series)
    {
        StudyCalls.RequireUids(study, series);
        var found = await studies.LookupSeriesAsync(new LookupSeriesRequest { StudyInstanceUid = study, SeriesInstanceUid = series }, http.ForCaller());
        var search = new SearchRequest
        {
            Level = Level.Instance, StudyInstanceUid = study, SeriesInstanceUid = series, Limit = 1, Offset = found.InstanceCount / 2,
        };
        using var call = studies.Search(search, http.ForCaller());
        var instance = await call.ResponseStream.MoveNext(http.RequestAborted)
            ? InstanceIdentity.Read(call.ResponseStream.Current.DicomJson.Span, isWhole: true, wantsSeries: false, out _).Instance
            : null;
        return instance ?? throw MeshErrors.NotFound($"series {series}");
    }

    /// <summary>The first series of images, else the first of all.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND.</exception>
    public async Task<string> OfStudyAsync(HttpContext http, string study)
    {
        StudyCalls.RequireUids(study);
        using var call = studies.Search(new SearchRequest { Level = Level.Series, StudyInstanceUid = study, Limit = MaxSeries }, http.ForCaller());
        string? first = null;
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            if (call.ResponseStream.Current.DicomJson.IsEmpty) continue;
            var series = DicomDataset.FromJson(call.ResponseStream.Current.DicomJson.Span);
            if (series.GetString(DicomTags.SeriesInstanceUID) is not { } uid) continue;
            first ??= uid;
            if (!NoImages.Contains(series.GetString(DicomTags.Modality), StringComparer.Ordinal)) return uid;
        }

        return first ?? throw MeshErrors.NotFound($"study {study}");
    }
}
