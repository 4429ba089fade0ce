using System.Numerics;
using MedCloudCare.Codecs.Decoding;
using MedCloudCare.Codecs.Libraries;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>JPEG 2000 without loss (5/3 wavelet), by OpenJPEG; RGB with the reversible colour transform.</summary>
internal static class Jpeg2000Encoder
{
    private const int MaxResolutions = 6;
    private const int MinTransformed = 8;

    /// <exception cref="NotSupportedException">More than 16 bits a sample.</exception>
    public static unsafe (byte[] Bytes, Photometric Photometric) Encode(FrameFormat format, DecodedFrame frame)
    {
        if (format.BitsAllocated > 16) throw new NotSupportedException();
        var precision = CellBits.Precision(format, frame.Pixels);

        // The transform gains nothing on few bits, and is made for samples without a sign.
        var transforms = frame.Photometric == Photometric.Rgb && !format.IsSigned && precision >= MinTransformed;
        var image = CreateImage(format, frame.Pixels, precision);
        try
        {
            using var codec = JpegCodec.Encoder(OpenJpeg.CodeStream);
            using var stream = JpegStream.Writer(Math.Max(1024, frame.Pixels.Length / 2));
            var parameters = new byte[OpenJpeg.ParametersSize];
            fixed (byte* pointer = parameters)
            {
                OpenJpeg.SetDefaultEncoderParameters(pointer);
                OpenJpeg.SetLossless(pointer, ResolutionsOf(format), transforms);
                Check(OpenJpeg.SetupEncoder(codec, pointer, image));
            }

            Check(OpenJpeg.StartCompress(codec, image, stream));
            Check(OpenJpeg.Encode(codec, stream));
            Check(OpenJpeg.EndCompress(codec, stream));
            return (stream.ToArray(), transforms ? Photometric.YbrRct : frame.Photometric);
        }
        finally
        {
            OpenJpeg.DestroyImage(image);
        }
    }

    /// <summary>The image cannot be halved more often than its shorter side has bits.</summary>
    private static int ResolutionsOf(FrameFormat format) => Math.Min(MaxResolutions, BitOperations.Log2((uint)Math.Min(format.Rows, format.Columns)) + 1);

    private static unsafe OpenJpeg.Image* CreateImage(FrameFormat format, byte[] cells, int precision)
    {
        var components = stackalloc OpenJpeg.ComponentParameters[3];
        for (var i = 0; i < format.Samples; i++)
        {
            components[i] = new OpenJpeg.ComponentParameters
            {
                Dx = 1, Dy = 1, Width = (uint)format.Columns, Height = (uint)format.Rows, Precision = (uint)precision, BitsPerPixel = (uint)precision,
                IsSigned = format.IsSigned ? 1u : 0,
            };
        }

        const int Srgb = 1, Grey = 2;
        var image = OpenJpeg.CreateImage((uint)format.Samples, components, format.Samples == 3 ? Srgb : Grey);
        if (image is null) throw new InsufficientMemoryException();
        (image->X1, image->Y1) = ((uint)format.Columns, (uint)format.Rows);
        for (var i = 0; i < format.Samples; i++)
        {
            var data = image->Components[i].Data;
            var at = (long)i;
            for (var pixel = 0L; pixel < format.Pixels; pixel++, at += format.Samples)
            {
                data[pixel] = Samples.Extend(Samples.Read(cells, at, format.BytesPerSample), precision, format.IsSigned);
            }
        }

        return image;
    }

    private static void Check(int success)
    {
        if (success == 0) throw new InvalidDataException("OpenJPEG cannot encode the frame.");
    }
}
