using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Studies;

/// <summary>A condition on an attribute, or on an attribute of the items of a sequence (of which one must match).</summary>
/// <param name="Path">Tags from the root; all but the last one are sequences.</param>
/// <param name="Matcher">The compiled value.</param>
/// <param name="Time">Where the last attribute of the path is a date that is matched together with a time: that time, beside it.</param>
internal sealed record AttributeMatch(DicomTag[] Path, ValueMatcher Matcher, DicomTag? Time = null)
{
    /// <summary>The attribute at the root.</summary>
    public DicomTag Root => Path[0];

    /// <summary>Reads a keyword, eight hex digits, or a path of them joined by dots.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT FIELD_INVALID.</exception>
    public static DicomTag[] ParsePath(string attribute, string field)
    {
        string[] parts = attribute.Split('.');
        if (parts.Length > 8)
        {
            throw MeshErrors.Invalid(field, "is a path of more than eight attributes");
        }

        DicomTag[] path = new DicomTag[parts.Length];
        for (int i = 0; i < path.Length; i++)
        {
            if (!DicomTag.TryParse(parts[i], out path[i]) || (!path[i].IsPrivate && DicomDictionary.Find(path[i]) is null))
            {
                throw MeshErrors.Invalid(field, "is no attribute of the standard, by keyword or by tag");
            }
        }

        return path;
    }

    /// <summary>Compiles a condition.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT FIELD_INVALID.</exception>
    public static AttributeMatch Compile(string attribute, string value, bool fuzzy, string field)
    {
        DicomTag[] path = ParsePath(attribute, field);
        try
        {
            return new AttributeMatch(path, Compile(DicomDictionary.VROf(path[^1]), value, fuzzy));
        }
        catch (FormatException e)
        {
            throw MeshErrors.Invalid(field, $"the value {e.Message}");
        }
    }

    /// <summary>Whether a data set meets the condition.</summary>
    public bool Holds(DicomDataset dataset) => Holds(dataset, Path);

    private bool Holds(DicomDataset dataset, ReadOnlySpan<DicomTag> path)
    {
        if (Matcher.IsUniversal)
        {
            return true;
        }

        if (path.Length == 1)
        {
            return dataset.TryGet(path[0], out DicomElement? element)
                && Matcher.Matches(Time is { } time ? DateTimeRange.Join(TextOf(element), dataset.Find(time)?.Text) : TextOf(element));
        }

        foreach (DicomDataset item in dataset.GetItems(path[0]))
        {
            if (Holds(item, path[1..]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Code strings may be listed like UIDs, divided by backslashes, which no value holds: viewers ask so for modalities.</summary>
    private static ValueMatcher Compile(DicomVR vr, string value, bool fuzzy) => vr == DicomVR.CS && value.Contains('\\', StringComparison.Ordinal)
        ? new AnyMatcher([.. value.Split('\\', StringSplitOptions.RemoveEmptyEntries).Select(v => ValueMatcher.Compile(vr, v, fuzzy))])
        : ValueMatcher.Compile(vr, value, fuzzy);

    private static string TextOf(DicomElement element) => element.VR.IsText() ? element.Text : string.Join('\\', element.Strings);

    private sealed class AnyMatcher(ValueMatcher[] alternatives) : ValueMatcher
    {
        public override bool IsUniversal => alternatives.Length == 0 || Array.Exists(alternatives, a => a.IsUniversal);

        public override bool MatchesOne(ReadOnlySpan<char> value)
        {
            foreach (ValueMatcher alternative in alternatives)
            {
                if (alternative.MatchesOne(value))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
