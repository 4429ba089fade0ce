using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>A search request, checked and sorted by where its conditions can be answered.</summary>
internal sealed class SearchPlan
{
    public const int MaxLimit = 10_000;
    private const int DefaultLimit = 1000;
    private const int MaxConditions = 64;

    private SearchPlan(SearchRequest.Types.Level level) => Level = level;

    public SearchRequest.Types.Level Level { get; }

    /// <summary>Conditions that the index answers.</summary>
    public StudyQuery Index { get; } = new() { OnePerUid = true };

    /// <summary>Other conditions on the study's attributes.</summary>
    public List<AttributeMatch> OnStudy { get; } = [];

    public List<AttributeMatch> OnSeries { get; } = [];

    /// <summary>Conditions that the instance's row answers.</summary>
    public List<AttributeMatch> OnInstance { get; } = [];

    /// <summary>Conditions for which the instance's metadata must be opened.</summary>
    public List<AttributeMatch> OnMetadata { get; } = [];

    /// <summary>The attributes to return; null for all.</summary>
    public HashSet<DicomTag>? Include { get; private set; }

    /// <summary>The answer holds the study's attributes: its UID was not given (PS3.18 table 10.6.3-4, note).</summary>
    public bool WithStudy { get; private set; }

    /// <summary>The answer holds the series' attributes.</summary>
    public bool WithSeries { get; private set; }

    /// <summary>Instance metadata must be opened for the conditions or the attributes to return.</summary>
    public bool NeedsMetadata { get; private set; }

    public int Offset { get; private set; }

    public int Limit { get; private set; }

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT FIELD_INVALID.</exception>
    public static SearchPlan Of(SearchRequest request)
    {
        if (request.Level is not (SearchRequest.Types.Level.Study or SearchRequest.Types.Level.Series or SearchRequest.Types.Level.Instance))
        {
            throw MeshErrors.Invalid("level", "must be STUDY, SERIES or INSTANCE");
        }

        if (request.Limit is < 0 or > MaxLimit)
        {
            throw MeshErrors.Invalid("limit", $"must be 0 to {MaxLimit}");
        }

        if (request.Offset < 0)
        {
            throw MeshErrors.Invalid("offset", "must not be negative");
        }

        if (request.Matches.Count > MaxConditions || request.IncludeFields.Count > 1000)
        {
            throw MeshErrors.Invalid(request.Matches.Count > MaxConditions ? "matches" : "include_fields", "are too many");
        }

        SearchPlan plan = new(request.Level)
        {
            Offset = request.Offset,
            Limit = request.Limit == 0 ? DefaultLimit : request.Limit,
            WithStudy = request.Level == SearchRequest.Types.Level.Study || request.StudyInstanceUid.Length == 0,
            WithSeries = request.Level == SearchRequest.Types.Level.Series || (request.Level == SearchRequest.Types.Level.Instance && request.SeriesInstanceUid.Length == 0),
        };
        plan.Place("StudyInstanceUID", request.StudyInstanceUid, false, "study_instance_uid");
        plan.Place("SeriesInstanceUID", request.SeriesInstanceUid, false, "series_instance_uid");
        AttributeMatch?[] matches = new AttributeMatch?[request.Matches.Count];
        for (int i = 0; i < matches.Length; i++)
        {
            matches[i] = AttributeMatch.Compile(request.Matches[i].Attribute, request.Matches[i].Value, request.FuzzyMatching, $"matches[{i}]");
        }

        plan.CombineDatesAndTimes(request, matches);
        for (int i = 0; i < matches.Length; i++)
        {
            if (matches[i] is { } match)
            {
                plan.Place(match, $"matches[{i}]");
            }
        }

        plan.DecideAnswer(request);
        return plan;
    }

    /// <summary>Makes one condition of the ranges of a date and of its time; no condition is left in the time's place.</summary>
    private void CombineDatesAndTimes(SearchRequest request, AttributeMatch?[] matches)
    {
        for (int date = 0; date < matches.Length; date++)
        {
            for (int time = 0; time < matches.Length; time++)
            {
                if (matches[date] is not { Time: null } of || matches[time] is not { } at
                    || DateTimeRange.TryCombine(of.Path, request.Matches[date].Value, at.Path, request.Matches[time].Value) is not { } combined)
                {
                    continue;
                }

                matches[time] = null;
                if (combined.Path is [var tag] && StudyFields.TryGet(tag, out StudyField dateField) && StudyFields.TryGet(combined.Time!.Value, out StudyField timeField))
                {
                    // Beside the condition on the dates alone, which leaves few.
                    Index.Moments.Add(new MomentMatch(dateField, timeField, combined.Matcher));
                }
                else
                {
                    matches[date] = combined;
                }
            }
        }
    }

    private void Place(string attribute, string value, bool fuzzy, string field) => Place(AttributeMatch.Compile(attribute, value, fuzzy, field), field);

    private void Place(AttributeMatch match, string field)
    {
        if (match.Matcher.IsUniversal)
        {
            return;
        }

        // Many clients ask for the modality of a study by the series' attribute.
        DicomTag tag = Level == SearchRequest.Types.Level.Study && match.Root == DicomTags.Modality ? DicomTags.ModalitiesInStudy : match.Root;
        if (match.Path.Length == 1 && StudyFields.TryGet(tag, out StudyField indexed))
        {
            Index.Matches.Add(new FieldMatch(indexed, match.Matcher));
        }
        else if (StatedAttributes.IsOfStudy(tag))
        {
            OnStudy.Add(match);
        }
        else if (Level == SearchRequest.Types.Level.Study)
        {
            throw MeshErrors.Invalid(field, "is no attribute that studies are searched by");
        }
        else if (StatedAttributes.IsOfSeries(tag))
        {
            OnSeries.Add(match);
        }
        else if (Level == SearchRequest.Types.Level.Series)
        {
            throw MeshErrors.Invalid(field, "is no attribute that series are searched by");
        }
        else if (match.Path.Length == 1 && InstanceRow.Holds(tag))
        {
            OnInstance.Add(match);
        }
        else
        {
            OnMetadata.Add(match);
        }
    }

    private void DecideAnswer(SearchRequest request)
    {
        NeedsMetadata = Level == SearchRequest.Types.Level.Instance && (OnMetadata.Count > 0 || request.IncludeAll);
        if (request.IncludeAll)
        {
            return;
        }

        HashSet<DicomTag> include = [];
        if (WithStudy)
        {
            include.UnionWith(RequiredAttributes.OfStudy);
        }

        if (WithSeries)
        {
            include.UnionWith(RequiredAttributes.OfSeries);
        }

        for (int i = 0; i < request.IncludeFields.Count; i++)
        {
            DicomTag tag = AttributeMatch.ParsePath(request.IncludeFields[i], $"include_fields[{i}]")[0];
            include.Add(tag);

            // What study and series keep is answered from there; instances may say otherwise only in their own metadata.
            NeedsMetadata |= Level == SearchRequest.Types.Level.Instance && !InstanceRow.Holds(tag) && !StatedAttributes.IsOfStudy(tag)
                && !StatedAttributes.IsOfSeries(tag) && !RequiredAttributes.IsMade(tag);
        }

        Include = include;
    }

    /// <summary>Whether stored attributes of the study are part of the answer.</summary>
    public bool WantsStudyAttributes => WithStudy || (Include is null && Level != SearchRequest.Types.Level.Instance) || (Include?.Any(StatedAttributes.IsOfStudy) ?? false);

    /// <summary>All attributes of the study that are part of the answer are in the index.</summary>
    public bool IsIndexed => Include is not null && Include.All(t => !StatedAttributes.IsOfStudy(t) || StudyFields.TryGet(t, out _));

    /// <summary>Whether stored attributes of the series are part of the answer.</summary>
    public bool WantsSeriesAttributes => Level == SearchRequest.Types.Level.Series || WithSeries || (Include?.Any(StatedAttributes.IsOfSeries) ?? false);
}

/// <summary>What QIDO-RS returns at each level whether asked for or not, PS3.18 tables 10.6.3-3 to 10.6.3-5.</summary>
internal static class RequiredAttributes
{
    public static readonly DicomTag[] OfStudy =
    [
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.ModalitiesInStudy, DicomTags.ReferringPhysicianName,
        DicomTags.TimezoneOffsetFromUTC, DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
        DicomTags.StudyInstanceUID, DicomTags.StudyID,
    ];

    /// <summary>Those that are returned without a value where there is none.</summary>
    public static readonly DicomTag[] AlwaysOfStudy =
    [
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.ReferringPhysicianName, DicomTags.PatientName,
        DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex, DicomTags.StudyID,
    ];

    public static readonly DicomTag[] OfSeries =
    [
        DicomTags.Modality, DicomTags.TimezoneOffsetFromUTC, DicomTags.SeriesDescription, DicomTags.SeriesInstanceUID, DicomTags.SeriesNumber,
        DicomTags.PerformedProcedureStepStartDate, DicomTags.PerformedProcedureStepStartTime, DicomTags.RequestAttributesSequence,
    ];

    private static readonly HashSet<DicomTag> Made =
    [
        DicomTags.SpecificCharacterSet, DicomTags.InstanceAvailability, DicomTags.RetrieveURL, DicomTags.NumberOfStudyRelatedSeries,
        DicomTags.NumberOfStudyRelatedInstances, DicomTags.NumberOfSeriesRelatedInstances,
    ];

    /// <summary>Attributes that the service makes itself.</summary>
    public static bool IsMade(DicomTag tag) => Made.Contains(tag);
}
