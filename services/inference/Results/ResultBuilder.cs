using Google.Protobuf.Collections;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;
using MedCloudCare.Dicom.Segmentation;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Pods;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Model.V1;
using MedCloudCare.Pod.V1;
using Kind = MedCloudCare.Pod.V1.Result.KindOneofCase;

namespace MedCloudCare.Jobs.Results;

/// <summary>Makes the job's result of what the model answered, after checking it against the source series.</summary>
/// <param name="job">The job; UIDs and times of the objects follow from it.</param>
/// <param name="version">The model version that ran.</param>
/// <param name="headers">The source's headers by SOP Instance UID.</param>
internal sealed class ResultBuilder(JobRecord job, ModelVersion version, IReadOnlyDictionary<string, DicomDataset> headers)
{
    // Beyond the numbers that a modality gives, and telling which source it belongs to.
    private const int SeriesNumberOffset = 9000;

    // A segment of which the model says nothing more: SNOMED CT's most general.
    private static readonly CodedConcept Tissue = new("85756007", "SCT", "Tissue");

    /// <exception cref="JobFailedException">MODEL_RESULT_INVALID.</exception>
    public PreparedResult Build(ReceivedResult received)
    {
        if (!Allowed(version.Form.Task).Contains(received.Result.KindCase)) throw Invalid($"A model for {version.Form.Task} does not answer {received.Result.KindCase}.");
        try
        {
            return received.Result.KindCase switch
            {
                Kind.Segmentation => Segmentation(received.Result.Segmentation, received.Voxels),
                Kind.ImageSeries => ImageSeries(received.Result.ImageSeries, received.Voxels),
                Kind.Detections => new PreparedResult(TypedResults.Of(received.Result.Detections, headers), []),
                Kind.Classification => new PreparedResult(TypedResults.Of(received.Result.Classification), []),
                _ => new PreparedResult(TypedResults.Of(received.Result.Measurements), []),
            };
        }
        catch (DerivedObjectException e)
        {
            throw Invalid(e.Message);
        }
    }

    public static JobFailedException Invalid(string message) => new(Reason.ModelResultInvalid, message);

    private static Kind[] Allowed(InferType task) => task switch
    {
        InferType.Segmentation => [Kind.Segmentation],
        InferType.Detection or InferType.Localisation => [Kind.Detections],
        InferType.Classification => [Kind.Classification],
        InferType.Registration => [Kind.ImageSeries],
        InferType.Processing => [Kind.ImageSeries, Kind.Measurements],
        _ => [],
    };

    private PreparedResult Segmentation(Segmentation answer, ReadOnlyMemory<byte> voxels)
    {
        var source = Source(answer.SourceSopInstanceUids, answer.SourceFrames, answer.Slices);
        var labels = new Labelmap(voxels, answer.Slices, answer.Rows, answer.Columns, answer.BytesPerVoxel);
        SegmentDescription[] segments = [.. answer.Segments.Select(x => new SegmentDescription(
            x.Number, x.Label, x.Rgb & 0xFFFFFF, TypedResults.Concept(x.Category) ?? Tissue, TypedResults.Concept(x.Type) ?? Tissue, JobUids.Tracking(job.Id, x.Number)))];
        var uid = JobUids.Instance(job.Id, 1);
        var made = SegmentationObject.Create(source, labels, segments, Identity("segmentation"), uid, JobUids.DimensionOrganization(job.Id));
        var result = new JobResult
        {
            SeriesInstanceUid = JobUids.Series(job.Id),
            SopInstanceUids = { uid },
            SopClassUid = SopClasses.SegmentationStorage,
            Segments = { made.Segments.Select(Summary) },
        };
        return new PreparedResult(result, [new PreparedObject(uid, made.WriteAsync)]);
    }

    private PreparedResult ImageSeries(ImageSeries answer, ReadOnlyMemory<byte> voxels)
    {
        var source = Source(answer.SourceSopInstanceUids, answer.SourceFrames, answer.Slices);
        if (answer.Rows != source.Rows || answer.Columns != source.Columns) throw Invalid($"The images are {answer.Rows} × {answer.Columns}, the source images {source.Rows} × {source.Columns}.");
        string[] uids = [.. Enumerable.Range(1, answer.Slices).Select(x => JobUids.Instance(job.Id, x))];
        var description = string.IsNullOrWhiteSpace(answer.Description) ? "derived images" : answer.Description;
        var images = new DerivedImageSeries(source, voxels, Identity(description), uids);
        var result = new JobResult { SeriesInstanceUid = JobUids.Series(job.Id), SopInstanceUids = { uids }, SopClassUid = images.SopClassUid };
        PreparedObject[] objects = [.. uids.Select((uid, slice) => new PreparedObject(uid, (output, cancellation) => images.WriteAsync(slice, output, cancellation)))];
        return new PreparedResult(result, objects);
    }

    private SourceSeries Source(RepeatedField<string> uids, RepeatedField<int> frames, int slices)
    {
        if (uids.Count != slices || (frames.Count != 0 && frames.Count != slices)) throw Invalid($"The result has {slices} slices and names {uids.Count} source images.");
        return SourceSeries.Create(headers, [.. uids.Select((uid, i) => (uid, frames.Count == 0 ? 1 : Math.Max(1, frames[i])))]);
    }

    private DerivedSeriesIdentity Identity(string what) => new(
        JobUids.Series(job.Id),
        SeriesNumberOffset + Math.Clamp(job.SeriesNumber, 0, 100_000),
        $"{version.Form.DisplayName}: {what}",
        job.CreateTime,
        new AlgorithmDescription(version.Form.DisplayName, $"{version.Number}", version.Name, version.Digest));

    private static JobResult.Types.Segment Summary(WrittenSegment segment) => new()
    {
        Number = segment.Number,
        Label = PodLimits.Cut(segment.Description.Name, 64),
        Rgb = segment.Description.Rgb,
        Voxels = segment.Voxels,
        VolumeMl = segment.VolumeMl ?? 0,
    };
}
