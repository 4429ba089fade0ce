using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace MedCloudCare.Dicom;

/// <summary>
/// A data set in memory: elements in tag order, one of each tag. Meant for attributes; bulk data stays where it is
/// (<see cref="DicomElement.Bulk"/>). Text that is set is UTF-8, and <see cref="DicomWriter"/> writes UTF-8.
/// Not safe for concurrent changes.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "Data set is the name of the field.")]
public sealed partial class DicomDataset : IReadOnlyCollection<DicomElement>
{
    private readonly List<DicomElement> _elements = [];

    private bool _isSorted = true;

    public int Count
    {
        get
        {
            EnsureSorted();
            return _elements.Count;
        }
    }

    /// <summary>Adds the element, or replaces the one of the same tag.</summary>
    public DicomDataset Set(DicomElement element)
    {
        EnsureSorted();
        if (_elements.Count == 0 || _elements[^1].Tag < element.Tag)
        {
            _elements.Add(element);
            return this;
        }

        var index = IndexOf(element.Tag);
        if (index >= 0) _elements[index] = element;
        else _elements.Insert(~index, element);
        return this;
    }

    /// <summary>Adds without looking: order and duplicates (of which the last counts) are seen to on the first access.</summary>
    internal void Append(DicomElement element)
    {
        _isSorted &= _elements.Count == 0 || _elements[^1].Tag < element.Tag;
        _elements.Add(element);
    }

    /// <summary>Reads all text in another character set; items that declare their own keep it.</summary>
    internal void Recode(DicomCharacterSet characterSet)
    {
        for (var i = 0; i < _elements.Count; i++)
        {
            var element = _elements[i];
            if (element.VR.UsesCharacterSet() && element.Bulk is null) _elements[i] = new DicomElement(element.Tag, element.VR, element.Value, characterSet);
            foreach (var item in element.Items)
            {
                if (!item.Contains(DicomTags.SpecificCharacterSet)) item.Recode(characterSet);
            }
        }
    }

    public bool Remove(DicomTag tag)
    {
        var index = IndexOf(tag);
        if (index >= 0) _elements.RemoveAt(index);
        return index >= 0;
    }

    public bool Contains(DicomTag tag) => IndexOf(tag) >= 0;

    public bool TryGet(DicomTag tag, [NotNullWhen(true)] out DicomElement? element)
    {
        var index = IndexOf(tag);
        element = index >= 0 ? _elements[index] : null;
        return element is not null;
    }

    public DicomElement? Find(DicomTag tag) => TryGet(tag, out var element) ? element : null;

    /// <summary>A copy that can be changed on its own; elements and items, which do not change, are shared.</summary>
    public DicomDataset Clone()
    {
        EnsureSorted();
        var copy = new DicomDataset();
        copy._elements.AddRange(_elements);
        return copy;
    }

    public IEnumerator<DicomElement> GetEnumerator()
    {
        EnsureSorted();
        return _elements.GetEnumerator();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(DicomTag tag)
    {
        EnsureSorted();
        int low = 0, high = _elements.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = _elements[middle].Tag.CompareTo(tag);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return ~low;
    }

    private void EnsureSorted()
    {
        if (_isSorted) return;
        var sorted = _elements.Select((element, order) => (element, order)).OrderBy(x => x.element.Tag).ThenBy(x => x.order).Select(x => x.element).ToList();
        _elements.Clear();
        foreach (var element in sorted)
        {
            if (_elements.Count > 0 && _elements[^1].Tag == element.Tag) _elements[^1] = element;
            else _elements.Add(element);
        }

        _isSorted = true;
    }
}
