using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Jobs.Results;

/// <summary>Turns writes into chunks of an upload. One buffer; the call's flow control slows the writer.</summary>
internal sealed class UploadStream(IClientStreamWriter<UploadInstancesRequest> requests) : Stream
{
    private const int ChunkSize = 64 << 10;

    private readonly byte[] _chunk = new byte[ChunkSize];
    private int _filled;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, ChunkSize - _filled);
            buffer[..count].CopyTo(_chunk.AsMemory(_filled));
            _filled += count;
            buffer = buffer[count..];
            if (_filled == ChunkSize) await FlushAsync(cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_filled == 0) return;
        // The message is serialised before the write returns, so the buffer is free again then.
        var data = UnsafeByteOperations.UnsafeWrap(_chunk.AsMemory(0, _filled));
        await requests.WriteAsync(new UploadInstancesRequest { Data = data }, cancellationToken);
        _filled = 0;
    }

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
