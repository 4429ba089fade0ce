using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>A study that instances are being stored into, with its data key. Shared by the uploads of this process.</summary>
internal sealed class OpenStudy(Guid id, Guid owner, string studyInstanceUid, DataKey key, bool isReserved)
{
    public Guid Id => id;

    public Guid Owner => owner;

    public string StudyInstanceUid => studyInstanceUid;

    public DataKey Key => key;

    /// <summary>Holds no committed instance as far as this process knows.</summary>
    public bool IsReserved { get; set; } = isReserved;

    /// <summary>Uploads that use it; guarded by the registry.</summary>
    public int Holders { get; set; }
}
