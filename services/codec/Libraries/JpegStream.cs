using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Codecs.Libraries;

/// <summary>Bytes in memory as OpenJPEG reads or writes them.</summary>
internal sealed unsafe class JpegStream : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int BufferSize = 1 << 20;
    private static readonly nuint End = nuint.MaxValue;
    private readonly GCHandle _self;
    private byte[] _bytes;
    private long _length;
    private long _position;

    private JpegStream(byte[] bytes, bool isInput) : base(ownsHandle: true)
    {
        (_bytes, _length) = (bytes, isInput ? bytes.Length : 0);
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        SetHandle(OpenJpeg.CreateStream(BufferSize, isInput ? 1 : 0));
        if (IsInvalid) throw new InsufficientMemoryException();
        OpenJpeg.SetUserData(handle, GCHandle.ToIntPtr(_self), 0);
        OpenJpeg.SetUserDataLength(handle, (ulong)_length);
        OpenJpeg.SetRead(handle, &Read);
        OpenJpeg.SetWrite(handle, &Write);
        OpenJpeg.SetSkip(handle, &Skip);
        OpenJpeg.SetSeek(handle, &Seek);
    }

    public static JpegStream Reader(byte[] bytes) => new(bytes, isInput: true);

    public static JpegStream Writer(int capacity) => new(new byte[capacity], isInput: false);

    public byte[] ToArray() => _bytes.AsSpan(0, (int)_length).ToArray();

    protected override bool ReleaseHandle()
    {
        OpenJpeg.DestroyStream(handle);
        _self.Free();
        return true;
    }

    private static JpegStream Of(nint data) => (JpegStream)GCHandle.FromIntPtr(data).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Read(byte* buffer, nuint count, nint data)
    {
        var stream = Of(data);
        var taken = (int)Math.Min((long)Math.Min(count, int.MaxValue), stream._length - stream._position);
        if (taken <= 0) return End;
        stream._bytes.AsSpan((int)stream._position, taken).CopyTo(new Span<byte>(buffer, taken));
        stream._position += taken;
        return (nuint)taken;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Write(byte* buffer, nuint count, nint data)
    {
        var stream = Of(data);
        var end = stream._position + (long)count;
        if (end > Array.MaxLength) return End;
        if (end > stream._bytes.Length) Array.Resize(ref stream._bytes, (int)Math.Min(Array.MaxLength, Math.Max(end, 2L * stream._bytes.Length)));
        new ReadOnlySpan<byte>(buffer, (int)count).CopyTo(stream._bytes.AsSpan((int)stream._position));
        stream._position = end;
        stream._length = Math.Max(stream._length, end);
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Skip(long count, nint data)
    {
        var stream = Of(data);
        var target = stream._position + count;
        if (count < 0 || target > stream._length) return -1;
        stream._position = target;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Seek(long position, nint data)
    {
        var stream = Of(data);
        if (position < 0 || position > stream._length) return 0;
        stream._position = position;
        return 1;
    }
}
