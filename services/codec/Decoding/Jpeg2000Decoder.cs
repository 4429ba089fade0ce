using MedCloudCare.Codecs.Libraries;

namespace MedCloudCare.Codecs.Decoding;

/// <summary>JPEG 2000 (part 1, and HT) of one frame, by OpenJPEG: a code stream, or a JP2 file as some writers put there.</summary>
internal static class Jpeg2000Decoder
{
    private const int MaxPrecision = 31;

    /// <exception cref="InvalidDataException">The frame is malformed, or not of the size and samples that the format says.</exception>
    public static unsafe byte[] Decode(FrameFormat format, byte[] frame)
    {
        var isFile = frame.AsSpan().StartsWith("\0\0\0\fjP  "u8);
        using var codec = JpegCodec.Decoder(isFile ? OpenJpeg.Jp2 : OpenJpeg.CodeStream);
        using var stream = JpegStream.Reader(frame);
        var parameters = new byte[OpenJpeg.ParametersSize];
        fixed (byte* pointer = parameters)
        {
            OpenJpeg.SetDefaultDecoderParameters(pointer);
            Check(OpenJpeg.SetupDecoder(codec, pointer));
        }

        OpenJpeg.Image* image = null;
        try
        {
            Check(OpenJpeg.ReadHeader(stream, codec, &image));
            Require(format, image);
            Check(OpenJpeg.Decode(codec, stream, image));
            Require(format, image);
            return ToCells(format, image);
        }
        finally
        {
            if (image is not null) OpenJpeg.DestroyImage(image);
        }
    }

    /// <summary>Before anything of that size is allocated: the header's word is the frame's own.</summary>
    private static unsafe void Require(FrameFormat format, OpenJpeg.Image* image)
    {
        var fits = image is not null && image->X1 - image->X0 == format.Columns && image->Y1 - image->Y0 == format.Rows && image->ComponentCount == format.Samples;
        for (var i = 0; fits && i < format.Samples; i++)
        {
            var component = image->Components[i];
            fits = component is { Dx: 1, Dy: 1, Precision: >= 1 and <= MaxPrecision } && component.Precision <= format.BitsAllocated;
        }

        if (!fits) throw new InvalidDataException("The JPEG 2000 frame does not fit the image's attributes.");
    }

    private static unsafe byte[] ToCells(FrameFormat format, OpenJpeg.Image* image)
    {
        var cells = new byte[format.DecodedBytes];
        for (var i = 0; i < format.Samples; i++)
        {
            var component = image->Components[i];
            if (component.Data is null || component.Width != format.Columns || component.Height != format.Rows) throw new InvalidDataException("A component is missing.");
            var (precision, at) = ((int)component.Precision, (long)i);

            // Some writers mark signed values as unsigned, and the other way: the bits are those of Pixel Representation.
            for (var pixel = 0L; pixel < format.Pixels; pixel++, at += format.Samples)
            {
                Samples.Write(cells, at, format.BytesPerSample, Samples.Extend(component.Data[pixel], precision, format.IsSigned));
            }
        }

        return cells;
    }

    private static void Check(int success)
    {
        if (success == 0) throw new InvalidDataException("OpenJPEG refuses the frame.");
    }
}
