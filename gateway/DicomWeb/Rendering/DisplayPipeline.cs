using System.Buffers.Binary;
using MedCloudCare.Codecs;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>From stored cells to what is seen: modality and VOI transformation, inversion; palette and colour to RGB (PS3.4 §N.2).</summary>
internal static class DisplayPipeline
{
    /// <param name="cells">Every sample in a cell of BitsAllocated bits, by pixel, little endian.</param>
    /// <param name="photometric">Of the cells, where decoding has changed it.</param>
    /// <param name="window">In place of that of the metadata, or null.</param>
    public static Raster Render(PixelDescription image, Photometric photometric, ReadOnlySpan<byte> cells, Window? window)
    {
        var format = image.Format;
        if (format.Samples == 3) return new Raster(format.Columns, format.Rows, 3, Colour(format, photometric, cells));
        return image.Palette is { } palette
            ? new Raster(format.Columns, format.Rows, 3, Paletted(format, palette, cells))
            : new Raster(format.Columns, format.Rows, 1, Grey(image, cells, window));
    }

    /// <summary>The stored value of a cell: the bits up to HighBit, signed where the image is.</summary>
    public static long StoredValue(FrameFormat format, uint cell)
    {
        var value = (cell >> (format.HighBit + 1 - format.BitsStored)) & (uint)((1L << format.BitsStored) - 1);
        return format.IsSigned && (value & (1L << (format.BitsStored - 1))) != 0 ? value - (1L << format.BitsStored) : value;
    }

    public static uint Cell(ReadOnlySpan<byte> cells, int index, int bytes) => bytes switch
    {
        1 => cells[index],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(cells[(2 * index)..]),
        _ => BinaryPrimitives.ReadUInt32LittleEndian(cells[(4 * index)..]),
    };

    public static double ModalityValue(PixelDescription image, long stored) =>
        image.ModalityTable is { } table ? table[stored] : (stored * image.Slope) + image.Intercept;

    private static byte[] Grey(PixelDescription image, ReadOnlySpan<byte> cells, Window? window)
    {
        var format = image.Format;
        var voi = window is null ? image.VoiTable : null;
        var chosen = voi is null ? window ?? image.Window ?? DefaultWindow.Of(image, cells) : default;
        var pixels = new byte[cells.Length / format.BytesPerSample];
        if (format.BitsAllocated > 16)
        {
            for (var i = 0; i < pixels.Length; i++) pixels[i] = Shade(Cell(cells, i, format.BytesPerSample));
            return pixels;
        }

        var table = new byte[1 << format.BitsAllocated];
        for (var cell = 0; cell < table.Length; cell++) table[cell] = Shade((uint)cell);
        for (var i = 0; i < pixels.Length; i++) pixels[i] = table[Cell(cells, i, format.BytesPerSample)];
        return pixels;

        byte Shade(uint cell)
        {
            var value = ModalityValue(image, StoredValue(format, cell));
            var grey = voi is null ? chosen.Apply(value) : (byte)Math.Round(255 * Math.Clamp(voi[value] / voi.Largest, 0, 1));
            return image.IsInverted ? (byte)(255 - grey) : grey;
        }
    }

    private static byte[] Paletted(FrameFormat format, LookupTable[] palette, ReadOnlySpan<byte> cells)
    {
        var pixels = new byte[format.Pixels * 3];
        for (var i = 0; i < format.Pixels; i++)
        {
            var value = StoredValue(format, Cell(cells, i, format.BytesPerSample));
            for (var c = 0; c < 3; c++) pixels[(3 * i) + c] = (byte)(palette[c].Bits > 8 ? palette[c][value] >> (palette[c].Bits - 8) : palette[c][value]);
        }

        return pixels;
    }

    private static byte[] Colour(FrameFormat format, Photometric photometric, ReadOnlySpan<byte> cells)
    {
        var pixels = new byte[cells.Length / format.BytesPerSample];
        var largest = (1L << format.BitsStored) - 1;
        for (var i = 0; i < pixels.Length; i++)
        {
            var cell = Cell(cells, i, format.BytesPerSample);
            pixels[i] = largest == 255 ? (byte)cell : (byte)Math.Round(255.0 * Math.Clamp(StoredValue(format, cell), 0, largest) / largest);
        }

        if (photometric is Photometric.YbrFull or Photometric.YbrFull422) ToRgb(pixels);
        return pixels;
    }

    /// <summary>YBR_FULL to RGB, PS3.3 §C.7.6.3.1.2.</summary>
    private static void ToRgb(Span<byte> pixels)
    {
        for (; pixels.Length >= 3; pixels = pixels[3..])
        {
            double y = pixels[0], b = pixels[1] - 128, r = pixels[2] - 128;
            pixels[0] = Byte(y + (1.402 * r));
            pixels[1] = Byte(y - (0.344136 * b) - (0.714136 * r));
            pixels[2] = Byte(y + (1.772 * b));
        }

        static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
    }
}
