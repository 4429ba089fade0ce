namespace MedCloudCare.Models.Packages;

/// <summary>The checksum of zip archives (ISO 3309, polynomial 0xEDB88320): the reader of .NET does not verify it.</summary>
internal struct Crc32
{
    private static readonly uint[] s_table = Table();

    private uint _rest;

    /// <summary>The checksum of what was appended.</summary>
    public readonly uint Value => _rest;

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint rest = ~_rest;
        foreach (byte b in bytes)
        {
            rest = s_table[(byte)(rest ^ b)] ^ (rest >> 8);
        }

        _rest = ~rest;
    }

    private static uint[] Table()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? 0xedb88320 ^ (value >> 1) : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
