using System.Text;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Cli.Output;

/// <summary>Reasons as the contracts write them: DICOM_TRUNCATED.</summary>
internal static class RpcReason
{
    /// <summary>The name without the enumeration's prefix.</summary>
    public static string Name(Reason reason)
    {
        StringBuilder name = new();
        foreach (char letter in reason.ToString())
        {
            if (char.IsUpper(letter) && name.Length > 0)
            {
                name.Append('_');
            }

            name.Append(char.ToUpperInvariant(letter));
        }

        return name.ToString();
    }
}
