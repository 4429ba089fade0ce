using MedCloudCare.Gateway.Dimse;
using static MedCloudCare.Gateway.Tests.Dimse.ScuBytes;

namespace MedCloudCare.Gateway.Tests.Dimse;

/// <summary>Peers that break the protocol, stall, or go: aborted with the reason of PS3.8 §9.3.8, and nothing half-stored.</summary>
public sealed class HostilePeerTests
{
    private static readonly byte[] Request = AssociateRequest((1, Verification, [ImplicitLittle]), (3, CtImage, [ExplicitLittle]), (5, "1.2.840.10008.5.1.4.1.2.1.1", [ImplicitLittle]));

    public static TheoryData<string, byte[], byte> Breaches => new()
    {
        { "data first", Echo(), 2 },
        { "an unknown type first", Pdu(0x47, 1, 2, 3), 2 },
        { "an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), 2 },
        { "a request without items", Pdu(1, new byte[68]), 6 },
        { "a request cut off", Pdu(1, 0, 1), 6 },
        { "an item over the end", Pdu(1, [.. Request[6..74], 0x10, 0, 0xFF, 0xFF, 1]), 6 },
        { "a request of 4 GiB", [1, 0, 0xFF, 0xFF, 0xFF, 0xFF], 6 },
        { "an even context", AssociateRequest((2, Verification, [ImplicitLittle])), 6 },
        { "a context twice", AssociateRequest((1, Verification, [ImplicitLittle]), (1, CtImage, [ImplicitLittle])), 6 },
        { "a context without transfer syntax", AssociateRequest((1, Verification, [])), 6 },
        { "no UID", AssociateRequest((1, "Verification", [ImplicitLittle])), 6 },
    };

    public static TheoryData<string, byte[], byte> LaterBreaches => new()
    {
        { "another request", Request, 2 },
        { "an acceptance", Pdu(2, new byte[68]), 2 },
        { "an unknown type", Pdu(9, 1), 1 },
        { "a P-DATA-TF of 4 GiB", [4, 0, 0xFF, 0xFF, 0xFF, 0xFF], 6 },
        { "an empty P-DATA-TF", Pdu(4), 6 },
        { "an item of 4 GiB", Pdu(4, 0xFF, 0xFF, 0xFF, 0xFF, 1, 3), 6 },
        { "an item without a header", Pdu(4, 0, 0, 0, 1, 1, 3), 6 },
        { "a context that was not proposed", Echo(context: 7), 6 },
        { "a context that was not accepted", Echo(context: 5), 6 },
        { "a data set without a command", Data(3, false, true, [1, 2]), 6 },
        { "reserved bits", Pdu(4, 0, 0, 0, 3, 1, 0x83, 0), 6 },
        { "another command inside a data set", [.. Data(3, true, true, StoreCommand(CtImage, "1.2")), .. Echo()], 6 },
        { "a data set on another context", [.. Data(3, true, true, StoreCommand(CtImage, "1.2")), .. Data(1, false, true, [1])], 6 },
        { "a command of another group", Data(1, true, true, [8, 0, 0, 0, 0, 0, 0, 0]), 6 },
        { "a command out of order", Data(1, true, true, [0, 0, 0, 1, 2, 0, 0, 0, 0x30, 0, 0, 0, 2, 0, 0, 0, 0, 0]), 6 },
        { "an element over the end", Data(1, true, true, [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x30, 0]), 6 },
        { "a command without a kind", Data(1, true, true, Command((0x0110, Little16(1)))), 6 },
        { "a command over the limit", [.. Enumerable.Repeat(Data(1, true, false, new byte[2000]), 10).SelectMany(p => p)], 6 },
        { "a response", Data(1, true, true, Command((0x0100, Little16(0x8001)), (0x0120, Little16(1)), (0x0800, Little16(0x0101)), (0x0900, Little16(0)))), 6 },
    };

    [Theory]
    [MemberData(nameof(Breaches))]
    public async Task A_breach_before_the_association_aborts(string what, byte[] bytes, byte reason)
    {
        await using var peer = new Conversation();
        await peer.SendAsync(bytes);
        await peer.ExpectAsync(7, [0, 0, 2, reason], what);
    }

    [Theory]
    [MemberData(nameof(LaterBreaches))]
    public async Task A_breach_in_the_association_aborts_it_and_stores_nothing(string what, byte[] bytes, byte reason)
    {
        await using var peer = new Conversation();
        await peer.SendAsync(Request, bytes);
        Assert.Equal(2, (await peer.ReadPduAsync())!.Value.Type);
        await peer.ExpectAsync(7, [0, 0, 2, reason], what);
        Assert.Empty(peer.Receiver.Stored);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_is_aborted_in_time()
    {
        await using var peer = new Conversation(new DoorLimits { Handshake = TimeSpan.FromMilliseconds(100), Close = TimeSpan.FromMilliseconds(100) });
        Assert.Equal(7, (await peer.ReadPduAsync())!.Value.Type);
        await peer.Ended.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_request_that_stops_halfway_is_aborted_in_time()
    {
        await using var peer = new Conversation(new DoorLimits { Handshake = TimeSpan.FromMilliseconds(100), Close = TimeSpan.FromMilliseconds(100) });
        await peer.SendAsync(Request[..50]);
        Assert.Equal(7, (await peer.ReadPduAsync())!.Value.Type);
        await peer.Ended.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task An_association_without_messages_is_aborted_in_time()
    {
        await using var peer = new Conversation(new DoorLimits { Idle = TimeSpan.FromMilliseconds(100), Close = TimeSpan.FromMilliseconds(100) });
        await peer.SendAsync(Request);
        Assert.Equal(2, (await peer.ReadPduAsync())!.Value.Type);
        Assert.Equal(7, (await peer.ReadPduAsync())!.Value.Type);
    }

    [Fact]
    public async Task A_data_set_that_stalls_is_given_up_in_time()
    {
        await using var peer = new Conversation(new DoorLimits { Stall = TimeSpan.FromMilliseconds(200), Close = TimeSpan.FromMilliseconds(100) });
        var store = Store(3, CtImage, "1.2.3", new byte[5000]);
        await peer.SendAsync(Request, store[..^100]);
        Assert.Equal(2, (await peer.ReadPduAsync())!.Value.Type);
        Assert.Equal(7, (await peer.ReadPduAsync())!.Value.Type);
        await peer.Ended.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal((0, 1), (peer.Receiver.Stored.Count, peer.Receiver.Abandoned));
    }

    [Fact]
    public async Task A_data_set_that_trickles_is_given_up()
    {
        var limits = new DoorLimits { SlowStart = TimeSpan.FromMilliseconds(100), MinimumBytesPerSecond = 100_000, Close = TimeSpan.FromMilliseconds(100) };
        await using var peer = new Conversation(limits);
        await peer.SendAsync(Request, Data(3, true, true, StoreCommand(CtImage, "1.2")));
        Assert.Equal(2, (await peer.ReadPduAsync())!.Value.Type);
        var abort = peer.ReadPduAsync();
        while (!abort.IsCompleted)
        {
            await peer.SendAsync(Data(3, false, false, [0]));
            await Task.WhenAny(abort, Task.Delay(20));
        }

        Assert.Equal(7, (await abort)!.Value.Type);
        Assert.Equal(1, peer.Receiver.Abandoned);
    }

    [Fact]
    public async Task A_peer_that_aborts_or_hangs_up_inside_a_data_set_leaves_nothing()
    {
        foreach (var last in new byte[]?[] { Pdu(7, 0, 0, 0, 0), Release(), null })
        {
            await using var peer = new Conversation();
            await peer.SendAsync(Request, Store(3, CtImage, "1.2.3", new byte[5000])[..^1006]);
            await peer.ReadPduAsync();
            if (last is null) peer.Hangup();
            else await peer.SendAsync(last);
            await peer.Ended.WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal((0, 1), (peer.Receiver.Stored.Count, peer.Receiver.Abandoned));
        }
    }

    [Fact]
    public async Task A_door_that_stops_aborts_who_waits_at_once()
    {
        await using var peer = new Conversation();
        await peer.SendAsync(Request, Echo());
        await peer.ReadPduAsync();
        Assert.Equal(0, await peer.ReadStatusAsync());
        await peer.StopAsync();
        Assert.Equal(7, (await peer.ReadPduAsync())!.Value.Type);
    }
}
