using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Codecs.Libraries;

/// <summary>The C interface of OpenJPEG 2.5 (openjpeg.h), as far as it is used.</summary>
internal static unsafe partial class OpenJpeg
{
    public const int CodeStream = 0;
    public const int Jp2 = 2;

    /// <summary>Of <c>opj_dparameters_t</c> and <c>opj_cparameters_t</c> on 64-bit systems, with room.</summary>
    public const int ParametersSize = 32 * 1024;

    private const string Library = "libopenjp2.so.7";

    [LibraryImport(Library, EntryPoint = "opj_create_decompress")]
    internal static partial nint CreateDecoder(int format);

    [LibraryImport(Library, EntryPoint = "opj_create_compress")]
    internal static partial nint CreateEncoder(int format);

    [LibraryImport(Library, EntryPoint = "opj_destroy_codec")]
    internal static partial void DestroyCodec(nint codec);

    [LibraryImport(Library, EntryPoint = "opj_set_default_decoder_parameters")]
    public static partial void SetDefaultDecoderParameters(byte* parameters);

    [LibraryImport(Library, EntryPoint = "opj_setup_decoder")]
    public static partial int SetupDecoder(JpegCodec codec, byte* parameters);

    [LibraryImport(Library, EntryPoint = "opj_read_header")]
    public static partial int ReadHeader(JpegStream stream, JpegCodec codec, Image** image);

    [LibraryImport(Library, EntryPoint = "opj_decode")]
    public static partial int Decode(JpegCodec codec, JpegStream stream, Image* image);

    [LibraryImport(Library, EntryPoint = "opj_set_default_encoder_parameters")]
    public static partial void SetDefaultEncoderParameters(byte* parameters);

    [LibraryImport(Library, EntryPoint = "opj_setup_encoder")]
    public static partial int SetupEncoder(JpegCodec codec, byte* parameters, Image* image);

    [LibraryImport(Library, EntryPoint = "opj_start_compress")]
    public static partial int StartCompress(JpegCodec codec, Image* image, JpegStream stream);

    [LibraryImport(Library, EntryPoint = "opj_encode")]
    public static partial int Encode(JpegCodec codec, JpegStream stream);

    [LibraryImport(Library, EntryPoint = "opj_end_compress")]
    public static partial int EndCompress(JpegCodec codec, JpegStream stream);

    [LibraryImport(Library, EntryPoint = "opj_image_create")]
    public static partial Image* CreateImage(uint components, ComponentParameters* parameters, int colourSpace);

    [LibraryImport(Library, EntryPoint = "opj_image_destroy")]
    public static partial void DestroyImage(Image* image);

    [LibraryImport(Library, EntryPoint = "opj_stream_create")]
    internal static partial nint CreateStream(nuint bufferSize, int isInput);

    [LibraryImport(Library, EntryPoint = "opj_stream_destroy")]
    internal static partial void DestroyStream(nint stream);

    [LibraryImport(Library, EntryPoint = "opj_stream_set_user_data")]
    internal static partial void SetUserData(nint stream, nint data, nint free);

    [LibraryImport(Library, EntryPoint = "opj_stream_set_user_data_length")]
    internal static partial void SetUserDataLength(nint stream, ulong length);

    [LibraryImport(Library, EntryPoint = "opj_stream_set_read_function")]
    internal static partial void SetRead(nint stream, delegate* unmanaged[Cdecl]<byte*, nuint, nint, nuint> read);

    [LibraryImport(Library, EntryPoint = "opj_stream_set_write_function")]
    internal static partial void SetWrite(nint stream, delegate* unmanaged[Cdecl]<byte*, nuint, nint, nuint> write);

    [LibraryImport(Library, EntryPoint = "opj_stream_set_skip_function")]
    internal static partial void SetSkip(nint stream, delegate* unmanaged[Cdecl]<long, nint, long> skip);

    [LibraryImport(Library, EntryPoint = "opj_stream_set_seek_function")]
    internal static partial void SetSeek(nint stream, delegate* unmanaged[Cdecl]<long, nint, int> seek);

    /// <summary><c>opj_image_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Image
    {
        public uint X0, Y0, X1, Y1;
        public uint ComponentCount;
        public int ColourSpace;
        public Component* Components;
        public byte* IccProfile;
        public uint IccProfileLength;
    }

    /// <summary><c>opj_image_comp_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Component
    {
        public uint Dx, Dy, Width, Height, X0, Y0, Precision, BitsPerPixel, IsSigned, ResolutionDecoded, Factor;
        public int* Data;
        public ushort Alpha;
    }

    /// <summary><c>opj_image_cmptparm_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ComponentParameters
    {
        public uint Dx, Dy, Width, Height, X0, Y0, Precision, BitsPerPixel, IsSigned;
    }

    /// <summary>Where the fields of <c>opj_cparameters_t</c> lie that are set here, and how they are set for loss-free coding.</summary>
    public static void SetLossless(byte* parameters, int resolutions, bool transformsColour)
    {
        const int DistortionAllocation = 20, Layers = 4796, FirstRate = 4800, Resolutions = 5600, Irreversible = 5616, ColourTransform = 18698;
        *(int*)(parameters + DistortionAllocation) = 1;
        *(int*)(parameters + Layers) = 1;
        *(float*)(parameters + FirstRate) = 0;
        *(int*)(parameters + Resolutions) = resolutions;
        *(int*)(parameters + Irreversible) = 0;
        parameters[ColourTransform] = transformsColour ? (byte)1 : (byte)0;
    }
}

/// <summary>A decoder or encoder of OpenJPEG.</summary>
internal sealed class JpegCodec : SafeHandleZeroOrMinusOneIsInvalid
{
    public JpegCodec() : base(ownsHandle: true)
    {
    }

    public static JpegCodec Decoder(int format) => Own(OpenJpeg.CreateDecoder(format));

    public static JpegCodec Encoder(int format) => Own(OpenJpeg.CreateEncoder(format));

    protected override bool ReleaseHandle()
    {
        OpenJpeg.DestroyCodec(handle);
        return true;
    }

    private static JpegCodec Own(nint pointer)
    {
        var codec = new JpegCodec();
        codec.SetHandle(pointer);
        return codec.IsInvalid ? throw new InsufficientMemoryException() : codec;
    }
}
