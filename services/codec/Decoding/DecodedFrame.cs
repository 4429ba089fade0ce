namespace MedCloudCare.Codecs.Decoding;

/// <summary>A frame in which every sample has a cell of BitsAllocated bits, little endian, by pixel.</summary>
/// <param name="Photometric">Of these samples; never YBR_FULL_422, YBR_ICT or YBR_RCT.</param>
internal sealed record DecodedFrame(byte[] Pixels, Photometric Photometric);
