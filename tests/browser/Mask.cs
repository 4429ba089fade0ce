namespace MedCloudCare.BrowserTests;

/// <summary>A set of pixels.</summary>
internal sealed class Mask
{
    private readonly bool[] _set;

    public Mask(int width, int height, Func<int, int, bool> contains)
    {
        (Width, Height) = (width, height);
        _set = new bool[width * height];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++) _set[(y * width) + x] = contains(x, y);
        }
    }

    public int Width { get; }

    public int Height { get; }

    public int Count => _set.Count(s => s);

    public bool this[int x, int y] => x >= 0 && y >= 0 && x < Width && y < Height && _set[(y * Width) + x];

    /// <summary>All pixels within a distance of the set.</summary>
    public Mask GrownBy(int pixels) => new(Width, Height, (x, y) => Near(x, y, pixels, wanted: true));

    /// <summary>The pixels of the set that are farther than a distance from everything outside.</summary>
    public Mask ShrunkBy(int pixels) => new(Width, Height, (x, y) => !Near(x, y, pixels, wanted: false));

    /// <summary>How many pixels of this set are not in the other.</summary>
    public int CountOutside(Mask other)
    {
        var outside = 0;
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                if (this[x, y] && !other[x, y]) outside++;
            }
        }

        return outside;
    }

    private bool Near(int x, int y, int pixels, bool wanted)
    {
        for (var dy = -pixels; dy <= pixels; dy++)
        {
            for (var dx = -pixels; dx <= pixels; dx++)
            {
                if (this[x + dx, y + dy] == wanted) return true;
            }
        }

        return false;
    }
}
