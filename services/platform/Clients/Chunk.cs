using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace MedCloudCare.Platform.Clients;

/// <summary>
/// A message of a stream of chunks: bytes in a pooled buffer, or a message with anything else in it. A generated class would
/// take a new array for each chunk. Dispose of it when its bytes have been used.
/// </summary>
/// <typeparam name="T">The generated class.</typeparam>
public sealed class Chunk<T> : IDisposable
    where T : class, IMessage<T>
{
    private readonly int _length;
    private byte[]? _buffer;

    private Chunk(T message) => Message = message;

    private Chunk(ReadOnlySequence<byte> bytes)
    {
        _length = checked((int)bytes.Length);
        _buffer = ArrayPool<byte>.Shared.Rent(_length);
        bytes.CopyTo(_buffer);
    }

    /// <summary>What is not bytes alone; null for bytes.</summary>
    public T? Message { get; }

    /// <summary>The bytes; empty where there is a message. Valid until the chunk is disposed of.</summary>
    public ReadOnlyMemory<byte> Data => _buffer.AsMemory(0, _length);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A marshaller of what is received.</summary>
    /// <param name="parser">Of the generated class.</param>
    /// <param name="data">Its field of bytes.</param>
    internal static Marshaller<Chunk<T>> Marshaller(MessageParser<T> parser, FieldDescriptor data)
    {
        uint tag = WireFormat.MakeTag(data.FieldNumber, WireFormat.WireType.LengthDelimited);
        return Marshallers.Create<Chunk<T>>(
            (_, _) => throw new NotSupportedException("Chunks are received, not sent."),
            context => Read(context.PayloadAsReadOnlySequence(), tag, parser));
    }

    private static Chunk<T> Read(ReadOnlySequence<byte> payload, uint tag, MessageParser<T> parser)
    {
        SequenceReader<byte> reader = new(payload);
        return TryReadVarint(ref reader, out uint first) && first == tag && TryReadVarint(ref reader, out uint length) && length == reader.Remaining
            ? new Chunk<T>(reader.UnreadSequence)
            : new Chunk<T>(parser.ParseFrom(payload));
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out uint value)
    {
        value = 0;
        for (int shift = 0; shift < 32 && reader.TryRead(out byte next); shift += 7)
        {
            value |= (uint)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
