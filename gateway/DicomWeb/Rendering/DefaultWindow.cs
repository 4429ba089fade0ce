namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>A window for images that come without one: the bulk of their grey levels.</summary>
internal static class DefaultWindow
{
    // Grey levels beyond these parts of all pixels are clipped: single bright pixels do not darken the rest.
    private const double LowQuantile = 0.005;
    private const double HighQuantile = 0.995;

    public static Window Of(PixelDescription image, ReadOnlySpan<byte> cells)
    {
        var format = image.Format;

        // Eight plain bits are made to be seen as they are, and so are single ones.
        var isPlain = image is { Slope: 1, Intercept: 0, ModalityTable: null } && !format.IsSigned;
        if (isPlain && format.BitsStored == 8) return new Window(127.5, 255, WindowFunction.LinearExact);
        if (isPlain && format.BitsStored == 1) return new Window(0.5, 1, WindowFunction.LinearExact);

        var values = new long[cells.Length / format.BytesPerSample];
        var count = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var value = DisplayPipeline.StoredValue(format, DisplayPipeline.Cell(cells, i, format.BytesPerSample));
            if (value != image.Padding) values[count++] = value;
        }

        if (count == 0) return new Window(0, 1, WindowFunction.LinearExact);
        Array.Sort(values, 0, count);
        var (low, high) = (values[(int)(LowQuantile * count)], values[Math.Min(count - 1, (int)(HighQuantile * count))]);
        if (low == high) (low, high) = (values[0], values[count - 1]);
        var (a, b) = (DisplayPipeline.ModalityValue(image, low), DisplayPipeline.ModalityValue(image, high));
        return new Window((a + b) / 2, Math.Max(Math.Abs(b - a), 1e-6), WindowFunction.LinearExact);
    }
}
