using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Codecs.Libraries;

/// <summary>The C interface of CharLS 2 (charls_jpegls_decoder.h, charls_jpegls_encoder.h).</summary>
internal static unsafe partial class CharLs
{
    public const int InterleaveNone = 0;
    public const int InterleaveLine = 1;

    private const string Library = "libcharls.so.2";
    private const int NotEnoughMemory = 13;

    /// <exception cref="InvalidDataException">The call failed.</exception>
    public static void Check(int error)
    {
        if (error == NotEnoughMemory) throw new InsufficientMemoryException();
        if (error != 0) throw new InvalidDataException($"CharLS error {error}.");
    }

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_create")]
    internal static partial nint CreateDecoder();

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_destroy")]
    internal static partial void DestroyDecoder(nint decoder);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_set_source_buffer")]
    public static partial int SetSourceBuffer(CharLsDecoder decoder, byte* source, nuint size);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_read_header")]
    public static partial int ReadHeader(CharLsDecoder decoder);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_get_frame_info")]
    public static partial int GetFrameInfo(CharLsDecoder decoder, out FrameInfo info);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_get_interleave_mode")]
    public static partial int GetInterleaveMode(CharLsDecoder decoder, out int mode);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_decoder_decode_to_buffer")]
    public static partial int DecodeToBuffer(CharLsDecoder decoder, byte* target, nuint size, uint stride);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_create")]
    internal static partial nint CreateEncoder();

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_destroy")]
    internal static partial void DestroyEncoder(nint encoder);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_set_frame_info")]
    public static partial int SetFrameInfo(CharLsEncoder encoder, in FrameInfo info);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_set_interleave_mode")]
    public static partial int SetInterleaveMode(CharLsEncoder encoder, int mode);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_get_estimated_destination_size")]
    public static partial int GetEstimatedDestinationSize(CharLsEncoder encoder, out nuint size);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_set_destination_buffer")]
    public static partial int SetDestinationBuffer(CharLsEncoder encoder, byte* target, nuint size);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_encode_from_buffer")]
    public static partial int EncodeFromBuffer(CharLsEncoder encoder, byte* source, nuint size, uint stride);

    [LibraryImport(Library, EntryPoint = "charls_jpegls_encoder_get_bytes_written")]
    public static partial int GetBytesWritten(CharLsEncoder encoder, out nuint size);

    /// <summary><c>charls_frame_info</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FrameInfo
    {
        public uint Width;
        public uint Height;
        public int BitsPerSample;
        public int Components;
    }
}

/// <summary>A decoder of CharLS.</summary>
internal sealed class CharLsDecoder : SafeHandleZeroOrMinusOneIsInvalid
{
    public CharLsDecoder() : base(ownsHandle: true)
    {
    }

    public static CharLsDecoder Create()
    {
        var decoder = new CharLsDecoder();
        decoder.SetHandle(CharLs.CreateDecoder());
        return decoder.IsInvalid ? throw new InsufficientMemoryException() : decoder;
    }

    protected override bool ReleaseHandle()
    {
        CharLs.DestroyDecoder(handle);
        return true;
    }
}

/// <summary>An encoder of CharLS.</summary>
internal sealed class CharLsEncoder : SafeHandleZeroOrMinusOneIsInvalid
{
    public CharLsEncoder() : base(ownsHandle: true)
    {
    }

    public static CharLsEncoder Create()
    {
        var encoder = new CharLsEncoder();
        encoder.SetHandle(CharLs.CreateEncoder());
        return encoder.IsInvalid ? throw new InsufficientMemoryException() : encoder;
    }

    protected override bool ReleaseHandle()
    {
        CharLs.DestroyEncoder(handle);
        return true;
    }
}
