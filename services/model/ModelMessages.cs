using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Resources;
using ModelMessage = MedCloudCare.Model.V1.Model;

namespace MedCloudCare.Models;

/// <summary>Rows as messages of the contract.</summary>
internal static class ModelMessages
{
    public static ModelMessage ToMessage(ModelRow model, byte[] form, Guid caller) => new()
    {
        Name = ResourceName.Of("models", model.Id),
        Owner = ResourceName.Of("accounts", model.Owner),
        Form = ModelForm.Parser.ParseFrom(form),
        Visibility = (Visibility)model.Visibility,
        ActiveVersion = new VersionName(model.Id, model.ActiveNumber).ToString(),
        CreateTime = Time(model.CreateTime),
        UpdateTime = Time(model.UpdateTime),
        Owned = model.Owner == caller,
    };

    public static ModelVersion ToMessage(VersionRow version, IEnumerable<FileRow> files) => new()
    {
        Name = new VersionName(version.ModelId, version.Number).ToString(),
        Number = version.Number,
        Form = ModelForm.Parser.ParseFrom(version.Form),
        Digest = version.Digest,
        Author = ResourceName.Of("accounts", version.Author),
        CreateTime = Time(version.CreateTime),
        Files =
        {
            files.OrderBy(f => f.Path, StringComparer.Ordinal).Select(f => new ModelVersion.Types.File
            {
                Path = f.Path,
                Size = f.Size,
                Sha256 = Convert.ToHexStringLower(f.Sha256),
            }),
        },
    };

    private static Timestamp Time(DateTime time) => Timestamp.FromDateTime(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
