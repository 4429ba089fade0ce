namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>An 8-bit picture: grey, or RGB interleaved by pixel, rows from the top.</summary>
internal sealed record Raster(int Width, int Height, int Components, byte[] Pixels)
{
    public Raster Crop(int left, int top, int width, int height)
    {
        if (left == 0 && top == 0 && width == Width && height == Height) return this;
        var pixels = new byte[width * height * Components];
        for (var y = 0; y < height; y++)
        {
            Pixels.AsSpan((((top + y) * Width) + left) * Components, width * Components).CopyTo(pixels.AsSpan(y * width * Components));
        }

        return new Raster(width, height, Components, pixels);
    }

    /// <summary>Mirrors it: left and right, top and bottom.</summary>
    public Raster Flip(bool horizontally, bool vertically)
    {
        if (!horizontally && !vertically) return this;
        var pixels = new byte[Pixels.Length];
        for (var y = 0; y < Height; y++)
        {
            var fromY = vertically ? Height - 1 - y : y;
            for (var x = 0; x < Width; x++)
            {
                var from = ((fromY * Width) + (horizontally ? Width - 1 - x : x)) * Components;
                Pixels.AsSpan(from, Components).CopyTo(pixels.AsSpan(((y * Width) + x) * Components));
            }
        }

        return this with { Pixels = pixels };
    }

    /// <summary>Scales with a triangle filter: an average over what a pixel covers when shrinking, bilinear when growing.</summary>
    public Raster Resize(int width, int height)
    {
        if (width == Width && height == Height) return this;
        var columns = WeightsOf(Width, width);
        var narrow = new float[width * Height * Components];
        for (var y = 0; y < Height; y++)
        {
            ResizeRow(Pixels.AsSpan(y * Width * Components), narrow.AsSpan(y * width * Components, width * Components), columns);
        }

        var rows = WeightsOf(Height, height);
        var (pixels, stride) = (new byte[width * height * Components], width * Components);
        for (var y = 0; y < height; y++)
        {
            var (first, weights) = rows[y];
            for (var x = 0; x < stride; x++)
            {
                var sum = 0f;
                for (var i = 0; i < weights.Length; i++) sum += weights[i] * narrow[((first + i) * stride) + x];
                pixels[(y * stride) + x] = (byte)Math.Clamp(sum + 0.5f, 0, 255);
            }
        }

        return new Raster(width, height, Components, pixels);
    }

    private void ResizeRow(ReadOnlySpan<byte> row, Span<float> output, (int First, float[] Weights)[] columns)
    {
        for (var x = 0; x < columns.Length; x++)
        {
            var (first, weights) = columns[x];
            for (var c = 0; c < Components; c++)
            {
                var sum = 0f;
                for (var i = 0; i < weights.Length; i++) sum += weights[i] * row[((first + i) * Components) + c];
                output[(x * Components) + c] = sum;
            }
        }
    }

    /// <summary>For each of <paramref name="to"/> positions: the first of the <paramref name="from"/> ones it draws on, and their weights.</summary>
    private static (int First, float[] Weights)[] WeightsOf(int from, int to)
    {
        var scale = (double)from / to;
        var support = Math.Max(scale, 1);
        var result = new (int, float[])[to];
        for (var i = 0; i < to; i++)
        {
            var center = ((i + 0.5) * scale) - 0.5;
            var first = Math.Max(0, (int)Math.Ceiling(center - support));
            var last = Math.Min(from - 1, (int)Math.Floor(center + support));
            var weights = new float[last - first + 1];
            for (var j = first; j <= last; j++) weights[j - first] = (float)Math.Max(0, 1 - (Math.Abs(j - center) / support));
            var sum = weights.Sum();
            for (var j = 0; j < weights.Length; j++) weights[j] /= sum;
            result[i] = (first, weights);
        }

        return result;
    }
}
