using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using MedCloudCare.Gateway.Dimse;
using MedCloudCare.Gateway.Dimse.Hosting;
using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Gateway.Dimse.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MedCloudCare.Gateway.Tests.Dimse;

/// <summary>Keeps instances in memory, so that the protocol is tested without the services behind.</summary>
internal sealed class MemoryReceiver : IInstanceReceiver
{
    private MemoryStream? _current;
    private InstanceHeading? _heading;

    public List<(InstanceHeading Heading, byte[] DataSet)> Stored { get; } = [];

    public int Abandoned { get; private set; }

    /// <summary>What the next instances are answered with.</summary>
    public DimseStatus Answer { get; set; } = DimseStatus.Success;

    public ValueTask BeginAsync(InstanceHeading heading, CancellationToken cancellation)
    {
        (_heading, _current) = (heading, new MemoryStream());
        return default;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellation) => _current!.WriteAsync(piece, cancellation);

    public ValueTask<DimseStatus> EndAsync(CancellationToken cancellation)
    {
        Stored.Add((_heading!, _current!.ToArray()));
        _current = null;
        return new(Answer);
    }

    public ValueTask AbandonAsync()
    {
        if (_current is not null) Abandoned++;
        _current = null;
        return default;
    }

    public ValueTask DisposeAsync() => AbandonAsync();
}

/// <summary>A requestor at one end of a connection and the real acceptor at the other.</summary>
internal sealed class Conversation : IAsyncDisposable
{
    private static readonly DoorTelemetry Telemetry =
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    private readonly Pipe _toAcceptor = new(), _toRequestor = new();
    private readonly Deadline _deadline;
    private readonly DoorGuard _guard;
    private readonly CancellationTokenSource _stopping = new(), _stop = new();
    private readonly Stream _read;

    public Conversation(DoorLimits? limits = null, Func<DoorVisitor, RpcException?>? refuse = null, DoorGuard? guard = null)
    {
        limits ??= new DoorLimits { Close = TimeSpan.FromMilliseconds(200) };
        _guard = guard ?? new DoorGuard(limits);
        _deadline = new Deadline(TimeProvider.System, _stop.Token);
        _deadline.Set(limits.Handshake);
        _read = _toRequestor.Reader.AsStream();
        var services = new AssociationServices(limits, _guard, Telemetry, TimeProvider.System, NullLogger.Instance, (visitor, _) =>
        {
            Visitor = visitor;
            return refuse?.Invoke(visitor) is { } error ? throw error : new ValueTask<IInstanceReceiver>(Receiver);
        }, _stopping.Token, _stop.Token);
        var stream = new Duplex(_toAcceptor.Reader.AsStream(), _toRequestor.Writer.AsStream());
        var association = new Association(services, stream, IPAddress.Loopback, "", _deadline);
        Ended = Task.Run(async () =>
        {
            using (association) await association.RunAsync();
            await stream.DisposeAsync();
        });
    }

    public MemoryReceiver Receiver { get; } = new();

    public DoorVisitor? Visitor { get; private set; }

    /// <summary>When the acceptor has closed the connection.</summary>
    public Task Ended { get; }

    public async Task SendAsync(params byte[][] parts)
    {
        foreach (var part in parts) await _toAcceptor.Writer.WriteAsync(part);
    }

    public void Hangup() => _toAcceptor.Writer.Complete();

    public Task StopAsync() => _stopping.CancelAsync();

    /// <summary>The next PDU; null at the end of the connection.</summary>
    public async Task<(byte Type, byte[] Body)?> ReadPduAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var header = new byte[6];
        if (await _read.ReadAtLeastAsync(header, 6, throwOnEndOfStream: false, limit.Token) < 6) return null;
        var body = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(2))];
        await _read.ReadExactlyAsync(body, limit.Token);
        return (header[0], body);
    }

    /// <summary>Fails unless the next PDU is this one.</summary>
    public async Task ExpectAsync(byte type, byte[] body, string what = "")
    {
        var pdu = await ReadPduAsync();
        Assert.True(
            pdu is { } read && read.Type == type && read.Body.AsSpan().SequenceEqual(body),
            $"{what}: {(pdu is null ? "the end" : $"{pdu.Value.Type}: {Convert.ToHexString(pdu.Value.Body)}")} instead of {type}: {Convert.ToHexString(body)}");
    }

    /// <summary>The elements of the next response.</summary>
    public async Task<Dictionary<ushort, byte[]>> ReadResponseAsync()
    {
        var command = new List<byte>();
        while (true)
        {
            var (type, body) = (await ReadPduAsync())!.Value;
            Assert.Equal(4, type);
            command.AddRange(body[6..]);
            if ((body[5] & 2) != 0) break;
        }

        var elements = new Dictionary<ushort, byte[]>();
        for (ReadOnlySpan<byte> rest = command.ToArray(); rest.Length > 0;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            elements.Add(BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]), rest.Slice(8, length).ToArray());
            rest = rest[(8 + length)..];
        }

        return elements;
    }

    public async Task<ushort> ReadStatusAsync() => BinaryPrimitives.ReadUInt16LittleEndian((await ReadResponseAsync())[0x0900]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Hangup();
        await Ended.WaitAsync(TimeSpan.FromSeconds(20));
        _deadline.Dispose();
        _stopping.Dispose();
        _stop.Dispose();
    }

    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => output.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
                output.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
