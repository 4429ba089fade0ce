namespace MedCloudCare.Codecs.Encoding;

/// <summary>A Huffman table for the categories of differences, made for their counts (ISO/IEC 10918-1 annexes C and K.2).</summary>
internal sealed class HuffmanTable
{
    /// <summary>Categories 0 to 16.</summary>
    public const int Symbols = 17;

    private const int MaxLength = 16;
    private const int Reserved = Symbols;

    private HuffmanTable(byte[] lengthCounts, byte[] values)
    {
        (LengthCounts, Values) = (lengthCounts, values);
        var (code, at) = (0u, 0);
        for (var length = 1; length <= MaxLength; length++, code <<= 1)
        {
            for (var i = 0; i < lengthCounts[length - 1]; i++, code++, at++) (Codes[values[at]], Lengths[values[at]]) = (code, length);
        }
    }

    /// <summary>How many codes there are of 1 to 16 bits.</summary>
    public byte[] LengthCounts { get; }

    /// <summary>Symbols in the order of their codes.</summary>
    public byte[] Values { get; }

    public uint[] Codes { get; } = new uint[Symbols];

    public int[] Lengths { get; } = new int[Symbols];

    public static HuffmanTable Make(ReadOnlySpan<long> counts)
    {
        var lengths = LengthsOf(counts);
        var lengthCounts = new int[33];
        for (var symbol = 0; symbol <= Reserved; symbol++)
        {
            if (lengths[symbol] > 0) lengthCounts[lengths[symbol]]++;
        }

        Shorten(lengthCounts);

        // The code of ones alone is no code (figure K.3 takes the longest one away).
        var longest = MaxLength;
        while (lengthCounts[longest] == 0) longest--;
        lengthCounts[longest]--;
        byte[] values = [.. Enumerable.Range(0, Symbols).Where(s => lengths[s] > 0).OrderBy(s => lengths[s]).Select(s => (byte)s)];
        return new HuffmanTable([.. lengthCounts.Skip(1).Take(MaxLength).Select(c => (byte)c)], values);
    }

    /// <summary>Code lengths of the symbols and of the reserved one, which stands for the code of ones (figure K.1).</summary>
    private static int[] LengthsOf(ReadOnlySpan<long> counts)
    {
        var (frequencies, others, lengths) = (new long[Symbols + 1], new int[Symbols + 1], new int[Symbols + 1]);
        counts.CopyTo(frequencies);
        frequencies[Reserved] = 1;
        Array.Fill(others, -1);
        while (true)
        {
            var first = Least(frequencies, except: -1);
            var second = Least(frequencies, first);
            if (second < 0) return lengths;
            frequencies[first] += frequencies[second];
            frequencies[second] = 0;
            for (lengths[first]++; others[first] >= 0; lengths[first]++) first = others[first];
            others[first] = second;
            for (lengths[second]++; others[second] >= 0; lengths[second]++) second = others[second];
        }
    }

    /// <summary>The least frequent one that is left, of equals the last; -1 if there is none.</summary>
    private static int Least(long[] frequencies, int except)
    {
        var least = -1;
        for (var i = 0; i < frequencies.Length; i++)
        {
            if (i != except && frequencies[i] > 0 && (least < 0 || frequencies[i] <= frequencies[least])) least = i;
        }

        return least;
    }

    /// <summary>Moves codes of more than 16 bits up the tree (figure K.3).</summary>
    private static void Shorten(int[] lengthCounts)
    {
        for (var length = lengthCounts.Length - 1; length > MaxLength; length--)
        {
            while (lengthCounts[length] > 0)
            {
                var shorter = length - 2;
                while (lengthCounts[shorter] == 0) shorter--;
                lengthCounts[length] -= 2;
                lengthCounts[length - 1]++;
                lengthCounts[shorter + 1] += 2;
                lengthCounts[shorter]--;
            }
        }
    }
}
