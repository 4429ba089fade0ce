namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>From stored cells to what is seen: modality rescale, window, inversion; colour to luminance and chrominance.</summary>
internal static class DisplayPipeline
{
    // Grey levels beyond these parts of all pixels are clipped where no window is given: single bright pixels do not darken the rest.
    private const double LowQuantile = 0.005;
    private const double HighQuantile = 0.995;

    /// <param name="cells">As <see cref="FrameDecoder.Decode"/> gives them.</param>
    /// <param name="window">In place of that of the metadata, or null.</param>
    public static Raster Render(PixelDescription image, ushort[] cells, Window? window) =>
        image.Samples == 1 ? RenderGrey(image, cells, window) : RenderColour(image, cells);

    private static Raster RenderGrey(PixelDescription image, ushort[] cells, Window? window)
    {
        var chosen = window ?? image.Window ?? DefaultWindow(image, cells);
        var table = new byte[ushort.MaxValue + 1];
        for (var cell = 0; cell < table.Length; cell++)
        {
            var grey = chosen.Apply(ModalityValue(image, (ushort)cell));
            table[cell] = image.IsInverted ? (byte)(255 - grey) : grey;
        }

        var pixels = new byte[cells.Length];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = table[cells[i]];
        return new Raster(image.Columns, image.Rows, 1, pixels);
    }

    private static Raster RenderColour(PixelDescription image, ushort[] cells)
    {
        var pixels = new byte[cells.Length];
        if (image.IsYbr)
        {
            for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)cells[i];
        }
        else
        {
            for (var i = 0; i < pixels.Length; i += 3) ToYbr(cells[i], cells[i + 1], cells[i + 2], pixels.AsSpan(i, 3));
        }

        return new Raster(image.Columns, image.Rows, 3, pixels);
    }

    /// <summary>RGB to YBR_FULL, PS3.3 §C.7.6.3.1.2.</summary>
    private static void ToYbr(double r, double g, double b, Span<byte> ybr)
    {
        ybr[0] = Byte((0.2990 * r) + (0.5870 * g) + (0.1140 * b));
        ybr[1] = Byte((-0.1687 * r) - (0.3313 * g) + (0.5000 * b) + 128);
        ybr[2] = Byte((0.5000 * r) - (0.4187 * g) - (0.0813 * b) + 128);

        static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
    }

    private static int StoredValue(PixelDescription image, ushort cell)
    {
        var value = (cell >> (image.HighBit + 1 - image.BitsStored)) & ((1 << image.BitsStored) - 1);
        return image.IsSigned && (value & (1 << (image.BitsStored - 1))) != 0 ? value - (1 << image.BitsStored) : value;
    }

    private static double ModalityValue(PixelDescription image, ushort cell) => (StoredValue(image, cell) * image.Slope) + image.Intercept;

    private static Window DefaultWindow(PixelDescription image, ushort[] cells)
    {
        // Eight plain bits are made to be seen as they are.
        if (image is { BitsStored: 8, IsSigned: false, Slope: 1, Intercept: 0 }) return new Window(127.5, 255, WindowFunction.LinearExact);

        var counts = new int[ushort.MaxValue + 1];
        foreach (var cell in cells) counts[cell]++;
        var levels = new SortedDictionary<int, long>();
        for (var cell = 0; cell < counts.Length; cell++)
        {
            if (counts[cell] == 0) continue;
            var value = StoredValue(image, (ushort)cell);
            if (value != image.Padding) levels[value] = levels.GetValueOrDefault(value) + counts[cell];
        }

        if (levels.Count == 0) return new Window(0, 1, WindowFunction.LinearExact);
        var total = levels.Values.Sum();
        var (low, high) = (Quantile(levels, (long)(LowQuantile * total)), Quantile(levels, (long)(HighQuantile * total)));
        if (low == high) (low, high) = (levels.First().Key, levels.Last().Key);
        var (a, b) = ((low * image.Slope) + image.Intercept, (high * image.Slope) + image.Intercept);
        return new Window((a + b) / 2, Math.Max(Math.Abs(b - a), 1e-6), WindowFunction.LinearExact);
    }

    private static int Quantile(SortedDictionary<int, long> levels, long rank)
    {
        foreach (var (value, count) in levels)
        {
            if ((rank -= count) < 0) return value;
        }

        return levels.Last().Key;
    }
}
