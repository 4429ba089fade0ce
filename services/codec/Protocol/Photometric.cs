namespace MedCloudCare.Codecs;

/// <summary>Photometric Interpretation (PS3.3 §C.7.6.3.1.2), as far as the coding of pixels depends on it.</summary>
public enum Photometric : byte
{
    /// <summary>Anything else: the samples are kept as they are.</summary>
    Other, Monochrome1, Monochrome2, PaletteColor, Rgb, YbrFull, YbrFull422, YbrIct, YbrRct,
}

/// <summary>Between the enumeration and the terms of the standard.</summary>
public static class Photometrics
{
    public static Photometric Parse(string? term) => term switch
    {
        "MONOCHROME1" => Photometric.Monochrome1,
        "MONOCHROME2" => Photometric.Monochrome2,
        "PALETTE COLOR" => Photometric.PaletteColor,
        "RGB" => Photometric.Rgb,
        "YBR_FULL" => Photometric.YbrFull,
        "YBR_FULL_422" => Photometric.YbrFull422,
        "YBR_ICT" => Photometric.YbrIct,
        "YBR_RCT" => Photometric.YbrRct,
        _ => Photometric.Other,
    };

    /// <summary>The defined term; null for <see cref="Photometric.Other"/>.</summary>
    public static string? Term(this Photometric photometric) => photometric switch
    {
        Photometric.Monochrome1 => "MONOCHROME1",
        Photometric.Monochrome2 => "MONOCHROME2",
        Photometric.PaletteColor => "PALETTE COLOR",
        Photometric.Rgb => "RGB",
        Photometric.YbrFull => "YBR_FULL",
        Photometric.YbrFull422 => "YBR_FULL_422",
        Photometric.YbrIct => "YBR_ICT",
        Photometric.YbrRct => "YBR_RCT",
        _ => null,
    };
}
