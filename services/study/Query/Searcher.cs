using System.Runtime.CompilerServices;
using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Runs a search: the index finds the studies, then as many sealed rows are opened as the answer needs. One search each.
/// </summary>
internal sealed partial class Searcher(NpgsqlDataSource database, IDataKeyStore keys, StudyIndex index, SearchPlan plan)
{
    // Rows opened at a time: enough to make a round trip cheap, few enough not to open much beyond the limit.
    private const int Chunk = 200;

    private readonly DicomJsonObject _answer = new();
    private readonly IndexedAttributes _indexed = new();
    private readonly bool _isIndexed = plan.IsIndexed;
    private int _skip = plan.Offset;
    private int _left = plan.Limit;

    /// <summary>Known with the first match, where it can be told without reading all: the number of matches, before offset and limit.</summary>
    public long? Total { get; private set; }

    /// <summary>After the last match: there are others beyond the limit.</summary>
    public bool HasMore { get; private set; }

    /// <summary>The matches, each a DICOM JSON object.</summary>
    public async IAsyncEnumerable<byte[]> RunAsync(Guid caller, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        VisibleStudies visible = await index.VisibleAsync(caller, cancellationToken);
        FoundStudies found = plan.Index.Run(visible.Own, visible.Shared);
        Total = TotalOf(found);
        int start = 0;
        if (plan.Level == SearchRequest.Types.Level.Study && plan.OnStudy.Count == 0)
        {
            // Every one of them is a match: those before the offset need not be opened.
            start = Math.Min(_skip, found.Count);
            _skip = 0;
        }

        while (start < found.Count && !IsDone)
        {
            int length = Math.Min(plan.Level == SearchRequest.Types.Level.Study ? Math.Clamp(_left, 1, Chunk) : Chunk, found.Count - start);
            List<StudyRecord> studies = found.Page(start, length).ConvertAll(s => s.Record);
            start += length;
            await foreach (byte[] match in ChunkAsync(studies, isAll: studies.Count == found.Count, cancellationToken))
            {
                yield return match;
            }
        }
    }

    private async IAsyncEnumerable<byte[]> ChunkAsync(List<StudyRecord> studies, bool isAll, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What the index cannot answer is opened.
        List<StudyRecord> sealedOnes = plan.OnStudy.Count > 0 || !_isIndexed ? studies : studies.FindAll(s => !s.IsPlain);
        Dictionary<Guid, byte[]> attributes = sealedOnes.Count > 0 && (plan.WantsStudyAttributes || plan.OnStudy.Count > 0)
            ? await OpenStudiesAsync(sealedOnes, cancellationToken)
            : [];
        if (plan.OnStudy.Count > 0)
        {
            studies = studies.FindAll(s => attributes.TryGetValue(s.Id, out byte[]? json) && Holds(plan.OnStudy, json));
        }

        if (plan.Level == SearchRequest.Types.Level.Study)
        {
            foreach (StudyRecord study in studies)
            {
                if (Take())
                {
                    yield return StudyAnswer(study, attributes.GetValueOrDefault(study.Id));
                }
                else if (IsDone)
                {
                    yield break;
                }
            }

            yield break;
        }

        List<SeriesRow> rows = await OpenSeriesAsync(studies, cancellationToken);
        Total ??= TotalOf(studies, rows, isAll);
        ILookup<Guid, SeriesRow> series = rows.ToLookup(s => s.StudyId);
        foreach (StudyRecord study in studies)
        {
            byte[]? json = plan.WantsStudyAttributes ? attributes.GetValueOrDefault(study.Id) : null;
            foreach (SeriesRow row in series[study.Id].OrderBy(s => s.Number ?? int.MaxValue).ThenBy(s => s.SeriesInstanceUid, StringComparer.Ordinal))
            {
                if (IsDone)
                {
                    yield break;
                }

                if (plan.Level == SearchRequest.Types.Level.Series)
                {
                    if (Take())
                    {
                        yield return SeriesAnswer(study, json, row);
                    }

                    continue;
                }

                await foreach (byte[] match in InstancesAsync(study, json, row, cancellationToken))
                {
                    yield return match;
                }
            }
        }
    }

    /// <summary>Counts a match against offset and limit; one beyond the limit only says that there are more.</summary>
    private bool Take()
    {
        if (_skip > 0)
        {
            _skip--;
            return false;
        }

        if (_left == 0)
        {
            HasMore = true;
            return false;
        }

        _left--;
        return true;
    }

    /// <summary>The answer is complete, and whether others follow is known.</summary>
    private bool IsDone => HasMore || (_left == 0 && Total is not null);

    /// <summary>The number of all matches, where what the index knows is enough to tell.</summary>
    private long? TotalOf(FoundStudies found) => plan switch
    {
        { OnStudy.Count: > 0 } => null,
        { Level: SearchRequest.Types.Level.Study } => found.Count,
        { OnSeries.Count: > 0 } => null,
        { Level: SearchRequest.Types.Level.Series } => found.SeriesCount,
        { OnInstance.Count: 0, OnMetadata.Count: 0 } => found.InstanceCount,
        _ => null,
    };

    /// <summary>The same of the series that match, where they are all there are.</summary>
    private long? TotalOf(List<StudyRecord> studies, List<SeriesRow> rows, bool isAll)
    {
        if (!isAll || studies.Count == 0)
        {
            return null;
        }

        return plan.Level == SearchRequest.Types.Level.Series ? rows.Count
            : plan.OnInstance.Count == 0 && plan.OnMetadata.Count == 0 ? rows.Sum(r => (long)r.InstanceCount) : null;
    }

    private static bool Holds(List<AttributeMatch> matches, ReadOnlyMemory<byte> json)
    {
        DicomDataset dataset = DicomDataset.FromJson(json.Span);
        foreach (AttributeMatch match in matches)
        {
            if (!match.Holds(dataset))
            {
                return false;
            }
        }

        return true;
    }

    private byte[] StudyAnswer(StudyRecord study, byte[]? attributes)
    {
        AddStudy(study, attributes);
        AddCommon();
        return _answer.ToBytes();
    }

    private byte[] SeriesAnswer(StudyRecord study, byte[]? studyAttributes, SeriesRow series)
    {
        AddStudy(study, studyAttributes);
        AddSeries(series);
        AddCommon();
        return _answer.ToBytes();
    }

    private void AddStudy(StudyRecord study, byte[]? attributes)
    {
        if (attributes is not null)
        {
            _answer.Take(attributes, plan.Include);
        }
        else if (_isIndexed && study.IsPlain)
        {
            _indexed.AddTo(_answer, study, plan.Include!);
        }

        _answer.Set(DicomTags.StudyInstanceUID, DicomVR.UI, study.Text(StudyField.StudyInstanceUid));
        if (plan.WithStudy)
        {
            _answer.Complete(RequiredAttributes.AlwaysOfStudy);
            _answer.Set(DicomTags.NumberOfStudyRelatedSeries, DicomVR.IS, study.SeriesCount);
            _answer.Set(DicomTags.NumberOfStudyRelatedInstances, DicomVR.IS, study.InstanceCount);
        }
    }

    private void AddSeries(SeriesRow series)
    {
        if (plan.WantsSeriesAttributes)
        {
            _answer.Take(series.Attributes, plan.Include);
        }

        _answer.Set(DicomTags.SeriesInstanceUID, DicomVR.UI, series.SeriesInstanceUid);
        if (plan.WithSeries)
        {
            _answer.Complete(DicomTags.Modality, DicomTags.SeriesNumber);
            _answer.Set(DicomTags.NumberOfSeriesRelatedInstances, DicomVR.IS, series.InstanceCount);
        }
    }

    private void AddCommon()
    {
        _answer.Set(DicomTags.SpecificCharacterSet, DicomVR.CS, "ISO_IR 192");
        _answer.Set(DicomTags.InstanceAvailability, DicomVR.CS, "ONLINE");
    }
}

/// <summary>A series with its opened attributes.</summary>
internal sealed record SeriesRow(
    Guid Id, Guid StudyId, string SeriesInstanceUid, Guid Author, int InstanceCount, long SizeBytes, DateTime CreateTime, byte[] Attributes, int? Number);
