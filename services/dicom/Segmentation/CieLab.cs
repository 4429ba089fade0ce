namespace MedCloudCare.Dicom.Segmentation;

/// <summary>
/// Colours as DICOM records them: CIELab in 16-bit PCS values (PS3.3 §C.10.7.1.1). White is sRGB's own D65, as the viewers of
/// the field (OHIF, 3D Slicer) convert back, so that they show exactly the model's colour.
/// </summary>
internal static class CieLab
{
    private const double WhiteX = 0.950456, WhiteZ = 1.088754;

    /// <summary>L*, a*, b* of 0xRRGGBB as three unsigned 16-bit numbers.</summary>
    public static double[] FromRgb(uint rgb)
    {
        double r = Linear((rgb >> 16) & 0xFF), g = Linear((rgb >> 8) & 0xFF), b = Linear(rgb & 0xFF);
        var x = Curve(((0.4124564 * r) + (0.3575761 * g) + (0.1804375 * b)) / WhiteX);
        var y = Curve((0.2126729 * r) + (0.7151522 * g) + (0.0721750 * b));
        var z = Curve(((0.0193339 * r) + (0.1191920 * g) + (0.9503041 * b)) / WhiteZ);
        double lightness = (116 * y) - 16, redGreen = 500 * (x - y), yellowBlue = 200 * (y - z);
        return [Scale(lightness / 100), Scale((redGreen + 128) / 255), Scale((yellowBlue + 128) / 255)];
    }

    private static double Linear(uint component)
    {
        var value = component / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }

    private static double Curve(double value) => value > 216.0 / 24389 ? Math.Cbrt(value) : ((24389.0 / 27 * value) + 16) / 116;

    private static double Scale(double fraction) => Math.Round(Math.Clamp(fraction, 0, 1) * ushort.MaxValue);
}
