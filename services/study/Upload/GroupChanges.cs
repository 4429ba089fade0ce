using MedCloudCare.Dicom;
using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>What a transaction adds to a series.</summary>
internal sealed class SeriesChange(Guid id, PendingInstance? first, Guid author, bool isNew)
{
    private readonly HashSet<string> _sopClasses = new(StringComparer.Ordinal);
    private readonly List<OpenStudy> _studies = [];

    public Guid Id => id;

    public bool IsNew => isNew;

    public Guid Author => author;

    /// <summary>The instance that decides the attributes of a new series.</summary>
    public PendingInstance? First { get; private set; } = first;

    public int Instances { get; private set; }

    public long Bytes { get; private set; }

    public IReadOnlyCollection<string> SopClasses => _sopClasses;

    public void Add(PendingInstance instance)
    {
        First ??= instance;
        Instances++;
        Bytes += instance.Length;
        if (_sopClasses.Add(instance.SopClassUid) && !_studies.Contains(instance.Study))
        {
            _studies.Add(instance.Study);
        }
    }

    /// <summary>The sealed attributes of a new series.</summary>
    public byte[] SealAttributes() =>
        First!.Study.Key.SealRow(DicomJsonWriter.ToArray(First.Stated.Series), StudySeals.SeriesAttributes(id));

    /// <summary>After the commit: the studies are more than reservations now.</summary>
    public void Settle()
    {
        foreach (OpenStudy study in _studies)
        {
            study.IsReserved = false;
        }
    }
}

/// <summary>What a transaction adds to a study.</summary>
internal sealed class StudyChange(Guid id, byte[]? sealedAttributes, byte[]? patientKey)
{
    private DicomDataset? _attributes;
    private OpenStudy? _study;
    private bool _rewrite;

    public Guid Id => id;

    public int NewSeries { get; private set; }

    public int Instances { get; private set; }

    public long Bytes { get; private set; }

    public bool IsChanged => Instances > 0;

    /// <summary>The patient of the study; after <see cref="Add"/>.</summary>
    public PatientIdentity Patient { get; private set; }

    public void Add(SeriesChange series)
    {
        PendingInstance first = series.First!;
        _study ??= first.Study;
        if (_attributes is null)
        {
            _attributes = sealedAttributes is null
                ? first.Stated.Study.Clone()
                : DicomDataset.FromJson(_study.Key.OpenRow(sealedAttributes, StudySeals.StudyAttributes(id)));
            _rewrite = sealedAttributes is null;
            Patient = PatientIdentity.Of(_attributes);
        }

        NewSeries += series.IsNew ? 1 : 0;
        Instances += series.Instances;
        Bytes += series.Bytes;
        Include(DicomTags.ModalitiesInStudy, first.Stated.Modality);
        foreach (string sopClass in series.SopClasses)
        {
            Include(DicomTags.SOPClassesInStudy, sopClass);
        }
    }

    /// <summary>Attributes and patient key to store.</summary>
    public (byte[] Attributes, byte[]? PatientKey) Seal(BlindIndex patients)
    {
        if (!_rewrite && sealedAttributes is not null)
        {
            return (sealedAttributes, patientKey);
        }

        DicomDataset attributes = _attributes!;
        byte[]? key = attributes.GetString(DicomTags.PatientID) is { } patientId
            ? patients.Patient(_study!.Owner, attributes.GetString(DicomTags.IssuerOfPatientID), patientId)
            : null;
        return (_study!.Key.SealRow(DicomJsonWriter.ToArray(attributes), StudySeals.StudyAttributes(id)), key);
    }

    private void Include(DicomTag tag, string value)
    {
        IReadOnlyList<string> present = _attributes!.GetStrings(tag);
        if (value.Length > 0 && !present.Contains(value, StringComparer.Ordinal))
        {
            _attributes.Set(tag, [.. present, value]);
            _rewrite = true;
        }
    }
}
