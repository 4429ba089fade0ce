using System.Globalization;
using MedCloudCare.Platform.Resources;

namespace MedCloudCare.Jobs.Api;

/// <summary>Names of models and their versions.</summary>
internal static class ModelVersionName
{
    /// <summary>Reads models/{uuid} (number is null) or models/{uuid}/versions/{number}.</summary>
    public static bool TryParse(string name, out Guid model, out int? number)
    {
        number = null;
        model = default;
        var parts = name.Split('/');
        if (parts.Length is not (2 or 4) || !ResourceName.TryParse("models", $"{parts[0]}/{parts[1]}", out model)) return false;
        if (parts.Length == 2) return true;
        if (parts[2] != "versions" || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < 1) return false;
        number = value;
        return true;
    }
}
