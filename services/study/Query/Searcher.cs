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
    private int _skip = plan.Offset;
    private int _left = plan.Limit;

    /// <summary>The matches, each a DICOM JSON object.</summary>
    public async IAsyncEnumerable<byte[]> RunAsync(Guid caller, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StudyRecord[] own = await index.OwnAsync(caller, cancellationToken);
        List<IndexedStudy> found = plan.Index.Run(own, await index.SharedAsync(caller, cancellationToken));
        int start = 0;
        if (plan.Level == SearchRequest.Types.Level.Study && plan.OnStudy.Count == 0)
        {
            // Every one of them is a match: those before the offset need not be opened.
            start = Math.Min(_skip, found.Count);
            _skip = 0;
        }

        while (start < found.Count && _left > 0)
        {
            int length = Math.Min(plan.Level == SearchRequest.Types.Level.Study ? Math.Min(Chunk, _left) : Chunk, found.Count - start);
            List<StudyRecord> studies = found.GetRange(start, length).ConvertAll(s => s.Record);
            start += length;
            await foreach (byte[] match in ChunkAsync(studies, cancellationToken))
            {
                yield return match;
            }
        }
    }

    private async IAsyncEnumerable<byte[]> ChunkAsync(List<StudyRecord> studies, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Dictionary<Guid, byte[]> attributes = plan.WantsStudyAttributes || plan.OnStudy.Count > 0
            ? await OpenStudiesAsync(studies, cancellationToken)
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
            }

            yield break;
        }

        ILookup<Guid, SeriesRow> series = (await OpenSeriesAsync(studies, cancellationToken)).ToLookup(s => s.StudyId);
        foreach (StudyRecord study in studies)
        {
            byte[]? json = plan.WantsStudyAttributes ? attributes.GetValueOrDefault(study.Id) : null;
            foreach (SeriesRow row in series[study.Id].OrderBy(s => s.Number ?? int.MaxValue).ThenBy(s => s.SeriesInstanceUid, StringComparer.Ordinal))
            {
                if (_left == 0)
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

    /// <summary>Counts a match against offset and limit.</summary>
    private bool Take()
    {
        if (_skip > 0)
        {
            _skip--;
            return false;
        }

        return _left > 0 && _left-- > 0;
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
