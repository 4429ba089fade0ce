using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Pods;
using MedCloudCare.Pod.V1;

namespace MedCloudCare.Jobs.Results;

/// <summary>Results without voxels, checked: finite numbers, probabilities from 0 to 1, labels, regions inside existing images.</summary>
internal static class TypedResults
{
    private const int MaxLabel = 64;

    public static JobResult Of(Classification answer)
    {
        RequireCount(answer.Findings.Count);
        return new JobResult
        {
            Findings =
            {
                answer.Findings.Select(x => new JobResult.Types.Finding { Label = Label(x.Label), Probability = Fraction(x.Probability), Code = Code(x.Code) }),
            },
        };
    }

    public static JobResult Of(Measurements answer)
    {
        RequireCount(answer.Measurements_.Count);
        return new JobResult
        {
            Measurements =
            {
                answer.Measurements_.Select(x => new JobResult.Types.Measurement { Label = Label(x.Label), Value = Finite(x.Value), Unit = Label(x.Unit), Code = Code(x.Code) }),
            },
        };
    }

    /// <param name="answer">Regions in pixels of the image that each names.</param>
    /// <param name="headers">The source's headers by SOP Instance UID.</param>
    public static JobResult Of(Detections answer, IReadOnlyDictionary<string, DicomDataset> headers)
    {
        RequireCount(answer.Regions.Count);
        return new JobResult { Regions = { answer.Regions.Select(x => Region(x, headers)) } };
    }

    /// <summary>The concept of a code; null where the model gives none.</summary>
    public static CodedConcept? Concept(Pod.V1.Code? code) =>
        Code(code) is { } valid ? new CodedConcept(valid.Value, valid.Scheme, valid.Meaning) : null;

    private static JobResult.Types.Region Region(Detections.Types.Region region, IReadOnlyDictionary<string, DicomDataset> headers)
    {
        if (!headers.TryGetValue(region.SourceSopInstanceUid, out var header)) throw ResultBuilder.Invalid("A region names an instance that is not in the series.");
        var frame = Math.Max(1, region.SourceFrame);
        if (frame > (header.GetInt(DicomTags.NumberOfFrames) ?? 1)) throw ResultBuilder.Invalid("A region names a frame that its image does not have.");
        if (region.Points.Count is < 2 or > PodLimits.MaxPoints || region.Points.Count % 2 != 0) throw ResultBuilder.Invalid("A region is one point, two corners or a polygon: pairs of numbers.");
        double rows = header.GetInt(DicomTags.Rows) ?? 0, columns = header.GetInt(DicomTags.Columns) ?? 0;
        for (var i = 0; i < region.Points.Count; i += 2)
        {
            var inside = region.Points[i] >= 0 && region.Points[i] <= columns && region.Points[i + 1] >= 0 && region.Points[i + 1] <= rows;
            if (!inside) throw ResultBuilder.Invalid("A region lies outside its image.");
        }

        return new JobResult.Types.Region
        {
            Label = Label(region.Label),
            Score = Fraction(region.Score),
            SopInstanceUid = region.SourceSopInstanceUid,
            Frame = frame,
            Points = { region.Points },
            Code = Code(region.Code),
        };
    }

    private static Common.V1.Code? Code(Pod.V1.Code? code)
    {
        if (code is null || code.Value.Length == 0) return null;
        var value = AlgorithmDescription.Clean(code.Value, 64);
        var scheme = AlgorithmDescription.Clean(code.Scheme, 16);
        var meaning = AlgorithmDescription.Clean(code.Meaning, 64);
        if (value.Length == 0 || scheme.Length == 0) throw ResultBuilder.Invalid("A code has a value and a coding scheme.");
        return new Common.V1.Code { Value = value, Scheme = scheme, Meaning = meaning.Length > 0 ? meaning : value };
    }

    private static string Label(string text)
    {
        var label = AlgorithmDescription.Clean(text, MaxLabel);
        return label.Length > 0 ? label : throw ResultBuilder.Invalid("A label or unit is empty.");
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : throw ResultBuilder.Invalid("A value is not a number.");

    private static double Fraction(double value) => value is >= 0 and <= 1 ? value : throw ResultBuilder.Invalid("A probability or score is not between 0 and 1.");

    private static void RequireCount(int count)
    {
        if (count > PodLimits.MaxFindings) throw ResultBuilder.Invalid($"The result has more than {PodLimits.MaxFindings} entries.");
    }
}
