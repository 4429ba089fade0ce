using System.Globalization;
using System.Text;

namespace MedCloudCare.Models.Packages;

/// <summary>The paths of a package: relative, plain, and distinct also where case does not count.</summary>
public sealed class PackagePaths
{
    private const int SegmentBytes = 255;

    private readonly HashSet<string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _folders = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Checks a path and takes note of it.</summary>
    /// <exception cref="PackageException">MODEL_PACKAGE_INVALID: it leaves the package, is not plain, or collides with another.</exception>
    public void Add(string path)
    {
        string[] segments = Check(path);
        if (_files.Count >= PackageLimits.Files)
        {
            throw new PackageException(Common.V1.Reason.LimitExceeded, $"A package has at most {PackageLimits.Files} files.",
                ("limit", "files"), ("maximum", PackageLimits.Files.ToString(CultureInfo.InvariantCulture)));
        }

        if (!_files.Add(path))
        {
            throw Refuse(path, "occurs twice, or differs from another path in upper and lower case only");
        }

        if (_folders.Contains(path))
        {
            throw Refuse(path, "is a file and a folder");
        }

        string folder = "";
        foreach (string segment in segments[..^1])
        {
            folder += (folder.Length > 0 ? "/" : "") + segment;
            _folders.Add(folder);
            if (_files.Contains(folder))
            {
                throw Refuse(path, "has a file as one of its folders");
            }
        }
    }

    /// <summary>Checks a path by itself.</summary>
    /// <returns>Its segments.</returns>
    /// <exception cref="PackageException">MODEL_PACKAGE_INVALID.</exception>
    public static string[] Check(string path)
    {
        if (path.Length == 0)
        {
            throw PackageException.Invalid("A file has no path.");
        }

        if (path.Length > PackageLimits.PathLength)
        {
            throw Refuse(path, $"has more than {PackageLimits.PathLength} characters");
        }

        if (path[0] == '/' || path.Contains('\\') || (path.Length > 1 && path[1] == ':'))
        {
            throw Refuse(path, "is absolute or has backslashes");
        }

        if (!IsPlain(path))
        {
            throw Refuse(path, "holds control characters or is not Unicode");
        }

        string[] segments = path.Split('/');
        if (segments.Length > PackageLimits.Depth)
        {
            throw Refuse(path, $"has more than {PackageLimits.Depth} levels");
        }

        foreach (string segment in segments)
        {
            if (segment is "" or "." or "..")
            {
                throw Refuse(path, "leaves the package or has an empty part");
            }

            if (segment.Trim() != segment || segment[^1] == '.' || Encoding.UTF8.GetByteCount(segment) > SegmentBytes)
            {
                throw Refuse(path, "has a part that not every file system takes");
            }
        }

        return segments;
    }

    private static bool IsPlain(string path)
    {
        foreach (Rune rune in path.EnumerateRunes())
        {
            // Invalid surrogates enumerate as U+FFFD, which is also what a zip's undecodable names become.
            if (rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return false;
            }
        }

        return true;
    }

    private static PackageException Refuse(string path, string why)
    {
        string shown = new([.. path.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return PackageException.Invalid($"The path '{shown}' {why}.", ("path", shown));
    }
}
