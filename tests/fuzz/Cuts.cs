namespace MedCloudCare.Fuzz;

/// <summary>Cuts a file into chunks of the given sizes, over and over; whole without sizes.</summary>
public readonly ref struct Cuts(int length, ReadOnlySpan<byte> sizes)
{
    private static readonly byte[][] Ways = [[], [1], [2, 1], [3], [7], [8], [13, 1, 130], [64], [255, 3], [132], [12, 8], [5, 0, 9]];

    private readonly ReadOnlySpan<byte> _sizes = sizes;

    /// <summary>One of a dozen ways to cut.</summary>
    public static ReadOnlySpan<byte> Of(byte selector) => Ways[(selector >> 1) % Ways.Length];

    public Enumerator GetEnumerator() => new(length, _sizes);

    public ref struct Enumerator(int length, ReadOnlySpan<byte> sizes)
    {
        private readonly ReadOnlySpan<byte> _sizes = sizes;
        private int _at;
        private int _next;

        public Range Current { get; private set; }

        public bool MoveNext()
        {
            if (_at == length) return false;
            var size = _sizes.IsEmpty ? length : Math.Min(_sizes[_next++ % _sizes.Length], length - _at);
            Current = new Range(_at, _at + size);
            _at += size;
            return true;
        }
    }
}
