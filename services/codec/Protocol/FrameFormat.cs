namespace MedCloudCare.Codecs;

/// <summary>What the attributes of an image say about each of its frames (PS3.3 §C.7.6.3).</summary>
public sealed record FrameFormat
{
    /// <summary>1 to 65535.</summary>
    public required int Rows { get; init; }

    /// <summary>1 to 65535.</summary>
    public required int Columns { get; init; }

    /// <summary>1 or 3.</summary>
    public required int Samples { get; init; }

    /// <summary>8, 16 or 32.</summary>
    public required int BitsAllocated { get; init; }

    /// <summary>1 to <see cref="BitsAllocated"/>.</summary>
    public required int BitsStored { get; init; }

    public required int HighBit { get; init; }

    /// <summary>Two's complement.</summary>
    public bool IsSigned { get; init; }

    /// <summary>Native colour by plane instead of by pixel.</summary>
    public bool IsPlanar { get; init; }

    public required Photometric Photometric { get; init; }

    public long Pixels => (long)Rows * Columns;

    public int BytesPerSample => BitsAllocated / 8;

    /// <summary>Bytes of a frame as it is decoded: every sample in a cell of its own, by pixel, little endian.</summary>
    public long DecodedBytes => Pixels * Samples * BytesPerSample;

    /// <summary>Bytes of a native frame: chroma of YBR_FULL_422 is shared by two pixels.</summary>
    public long NativeBytes => Photometric == Photometric.YbrFull422 && Samples == 3 ? Pixels * 2 * BytesPerSample : DecodedBytes;

    /// <summary>Whether the values are possible; nothing is decoded of other ones.</summary>
    public bool IsConsistent =>
        Rows is >= 1 and <= ushort.MaxValue && Columns is >= 1 and <= ushort.MaxValue && Samples is 1 or 3 && BitsAllocated is 8 or 16 or 32
        && BitsStored >= 1 && BitsStored <= BitsAllocated && HighBit >= BitsStored - 1 && HighBit < BitsAllocated
        && (Photometric != Photometric.YbrFull422 || Samples == 3);
}
