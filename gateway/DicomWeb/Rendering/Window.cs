namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>VOI LUT functions, PS3.3 §C.11.2.1.3.</summary>
internal enum WindowFunction
{
    Linear,
    LinearExact,
    Sigmoid,
}

/// <summary>A window on modality values.</summary>
/// <param name="Width">Above 0.</param>
internal readonly record struct Window(double Center, double Width, WindowFunction Function)
{
    /// <summary>The grey of a modality value, 0 (black) to 255, as PS3.3 §C.11.2.1.2 and §C.11.2.1.3 compute it.</summary>
    public byte Apply(double value)
    {
        var grey = Function switch
        {
            WindowFunction.Sigmoid => 1 / (1 + Math.Exp(-4 * (value - Center) / Width)),
            WindowFunction.LinearExact => ((value - Center) / Width) + 0.5,

            // A width of 1 is a threshold.
            _ when Width <= 1 => value <= Center - 0.5 ? 0 : 1,
            _ => ((value - (Center - 0.5)) / (Width - 1)) + 0.5,
        };
        return (byte)Math.Round(255 * Math.Clamp(grey, 0, 1));
    }
}
