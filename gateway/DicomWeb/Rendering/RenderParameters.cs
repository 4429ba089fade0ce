using System.Globalization;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>The query parameters of rendered resources and thumbnails, PS3.18 §8.3.5.</summary>
/// <param name="Window">In place of that of the metadata, or null.</param>
/// <param name="Quality">1 to 100.</param>
/// <param name="Viewport">Null: the size of the image.</param>
internal sealed record RenderParameters(Window? Window, int Quality, Viewport? Viewport)
{
    /// <summary>Asked for, and left out: nothing is burnt into the pictures. The answer says so in a Warning (PS3.18 §8.3.5.1.1).</summary>
    public bool IgnoresAnnotation { get; private init; }

    private const int DefaultQuality = 90;
    private const int ThumbnailSize = 256;

    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID: an unknown parameter or a malformed value.</exception>
    public static RenderParameters Parse(IQueryCollection query, bool isThumbnail)
    {
        var result = new RenderParameters(null, DefaultQuality, isThumbnail ? new Viewport(ThumbnailSize, ThumbnailSize, null, null, null, null) : null);
        foreach (var (name, values) in query)
        {
            var text = values is [{ } only] ? only : throw MeshErrors.Invalid(name, "given more than once");
            result = name switch
            {
                "accept" => result,
                "window" => result with { Window = ParseWindow(text) },
                "quality" => result with { Quality = ParseQuality(text) },
                "viewport" => result with { Viewport = ParseViewport(text) },
                "annotation" => ParseAnnotation(text) ? result with { IgnoresAnnotation = true } : result,
                "iccprofile" => text == "no" ? result : throw MeshErrors.Invalid("iccprofile", "pictures are made without a profile: only \"no\" can be asked for"),
                _ => throw MeshErrors.Invalid(
                    name.Length <= 64 ? name : name[..64], "not a parameter of rendered images here (accept, annotation, iccprofile, quality, viewport, window)"),
            };
        }

        return result;
    }

    /// <returns>Whether any is asked for.</returns>
    private static bool ParseAnnotation(string text)
    {
        var keywords = text.Split(',');
        if (keywords.Any(k => k is not ("patient" or "technique" or ""))) throw MeshErrors.Invalid("annotation", "not a list of \"patient\" and \"technique\"");
        return keywords.Any(k => k.Length > 0);
    }

    private static int ParseQuality(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var quality) && quality is >= 1 and <= 100
            ? quality
            : throw MeshErrors.Invalid("quality", "not a number from 1 to 100");

    private static Window ParseWindow(string text)
    {
        var parts = text.Split(',');
        var function = parts is [_, _, var name] ? name.ToUpperInvariant() : "LINEAR";
        if (parts.Length is not (2 or 3) || !TryNumber(parts[0], out var center) || !TryNumber(parts[1], out var width) || width <= 0)
        {
            throw MeshErrors.Invalid("window", "not center,width or center,width,function with a width above 0");
        }

        return new Window(center, width, function switch
        {
            "LINEAR" => WindowFunction.Linear,
            "LINEAR-EXACT" or "LINEAR_EXACT" => WindowFunction.LinearExact,
            "SIGMOID" => WindowFunction.Sigmoid,
            _ => throw MeshErrors.Invalid("window", "the function is none of linear, linear-exact, sigmoid"),
        });
    }

    private static Viewport ParseViewport(string text)
    {
        var parts = text.Split(',');
        if (parts.Length is not (2 or 6) || !IsSize(parts[0], out var width) || !IsSize(parts[1], out var height)) throw InvalidViewport();
        if (parts.Length == 2) return new Viewport(width, height, null, null, null, null);
        var source = new int?[4];
        for (var i = 0; i < 4; i++)
        {
            if (parts[i + 2].Length == 0) continue;
            var isPosition = i < 2;
            if (!TryNumber(parts[i + 2], out var number) || Math.Abs(number) > ushort.MaxValue || (isPosition && number < 0)) throw InvalidViewport();
            source[i] = (int)number;
        }

        // A width or height below zero mirrors the part.
        return new Viewport(width, height, source[0], source[1], source[2] is { } w ? Math.Abs(w) : null, source[3] is { } h ? Math.Abs(h) : null)
        {
            FlipsHorizontally = source[2] < 0, FlipsVertically = source[3] < 0,
        };

        static bool IsSize(string text, out int size) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size is >= 1 and <= Viewport.MaxSize;

        static Exception InvalidViewport() => MeshErrors.Invalid("viewport", $"not width,height or width,height,sx,sy,sw,sh of 1 to {Viewport.MaxSize} pixels");
    }

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}

/// <summary>A part of the image, and the rectangle it is scaled to fit in without changing its proportions (PS3.18 §8.3.5.1.3).</summary>
internal sealed record Viewport(int Width, int Height, int? Left, int? Top, int? SourceWidth, int? SourceHeight)
{
    public const int MaxSize = 4096;

    public bool FlipsHorizontally { get; init; }

    public bool FlipsVertically { get; init; }

    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID: the part lies outside the image.</exception>
    public Raster Apply(Raster raster)
    {
        var (left, top) = (Left ?? 0, Top ?? 0);
        if (left >= raster.Width || top >= raster.Height) throw MeshErrors.Invalid("viewport", "the part lies outside the image");
        var width = Math.Clamp(SourceWidth ?? raster.Width, 1, raster.Width - left);
        var height = Math.Clamp(SourceHeight ?? raster.Height, 1, raster.Height - top);
        var scale = Math.Min((double)Width / width, (double)Height / height);
        return raster.Crop(left, top, width, height).Flip(FlipsHorizontally, FlipsVertically).Resize(
            Math.Clamp((int)Math.Round(width * scale), 1, Width), Math.Clamp((int)Math.Round(height * scale), 1, Height));
    }
}
