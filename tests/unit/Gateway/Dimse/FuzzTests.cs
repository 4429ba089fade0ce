using CsCheck;
using MedCloudCare.Gateway.Dimse;
using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Gateway.Dimse.UpperLayer;
using static MedCloudCare.Gateway.Tests.Dimse.ScuBytes;

namespace MedCloudCare.Gateway.Tests.Dimse;

public sealed class FuzzTests
{
    private static readonly Gen<string> UidGen = Gen.Int[0, 99999].Array[1, 8].Select(p => "1." + string.Join('.', p));

    private static readonly Gen<string> TitleGen = Gen.String[Gen.Char["ABCXYZ_- 019"], 1, 16].Select(t => t.Trim()).Where(t => t.Length > 0);

    [Fact]
    public void Every_association_request_is_read_as_it_was_written() =>
        Gen.Select(TitleGen, TitleGen, Gen.UInt, Gen.Select(UidGen, UidGen.Array[1, 6]).Array[1, 128]).Sample((calling, called, maximum, contexts) =>
        {
            var proposed = contexts.Select((c, i) => ((byte)(2 * i + 1), c.Item1, c.Item2)).ToArray();
            var request = AssociateRequestParser.Parse(AssociateRequest(calling, called, maximum, proposed)[6..]);
            return request.CallingTitle == calling && request.CalledTitle == called && request.MaximumLength == maximum
                && request.Contexts.Select(c => (c.Id, c.AbstractSyntax)).SequenceEqual(proposed.Select(p => (p.Item1, p.Item2)))
                && request.Contexts.Zip(proposed).All(p => p.First.TransferSyntaxes.SequenceEqual(p.Second.Item3));
        }, iter: 300);

    [Fact]
    public void Every_prefix_of_a_request_is_malformed_and_nothing_else()
    {
        var body = AssociateRequest((1, Verification, [ImplicitLittle]), (3, CtImage, [ImplicitLittle, ExplicitLittle]))[6..];
        for (var length = 0; length < body.Length; length++)
        {
            Assert.Throws<UpperLayerException>(() => AssociateRequestParser.Parse(body[..length]));
        }
    }

    [Fact]
    public void Any_bytes_are_a_command_set_or_malformed() =>
        Gen.Byte.Array[0, 200].Sample(bytes => OnlyMalformed(() => CommandSet.Parse(bytes)), iter: 50_000);

    [Fact]
    public void A_changed_command_set_is_a_command_set_or_malformed()
    {
        var command = StoreCommand(CtImage, "1.2.3.4.5");
        Changes(command.Length).Sample(changes => OnlyMalformed(() => CommandSet.Parse(Changed(command, changes))), iter: 50_000);
    }

    [Fact]
    public void A_changed_request_is_a_request_or_malformed()
    {
        var body = AssociateRequest((1, Verification, [ImplicitLittle]), (3, CtImage, [ImplicitLittle, ExplicitLittle]))[6..];
        Changes(body.Length).Sample(changes => OnlyMalformed(() => AssociateRequestParser.Parse(Changed(body, changes))), iter: 50_000);
    }

    [Fact]
    public async Task A_changed_conversation_ends_and_stores_nothing_but_whole_data_sets()
    {
        byte[] talk = [.. AssociateRequest((1, Verification, [ImplicitLittle]), (3, CtImage, [ExplicitLittle])), .. Echo(), .. Store(3, CtImage, "1.2.3", new byte[300], 100), .. Release()];
        var limits = new DoorLimits { Close = TimeSpan.FromMilliseconds(20), RejectionsPerMinute = int.MaxValue };
        await Changes(talk.Length).SampleAsync(async changes =>
        {
            await using var peer = new Conversation(limits);
            await peer.SendAsync(Changed(talk, changes));
            peer.Hangup();
            await peer.Ended.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.All(peer.Receiver.Stored, s => Assert.True(s.DataSet.Length <= 300));
        }, iter: 3000, threads: 1);
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0x7F, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 1, 0, 0, 3, 0xFF, 0xFF, 0, 1 })]
    public async Task What_is_declared_allocates_nothing(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        using var reader = new PduReader(stream);
        var header = await reader.ReadHeaderAsync(CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await Assert.ThrowsAnyAsync<Exception>(async () => await reader.ReadBodyAsync(header!.Value.Length, AssociateRequestParser.MaximumBytes, CancellationToken.None));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    private static Gen<(int At, byte Value)[]> Changes(int length) => Gen.Select(Gen.Int[0, length - 1], Gen.Byte).Array[1, 6];

    private static byte[] Changed(byte[] bytes, (int At, byte Value)[] changes)
    {
        var changed = bytes.ToArray();
        foreach (var (at, value) in changes) changed[at] = value;

        // Every fourth is cut off as well.
        return changes[0].Value % 4 == 0 ? changed[..changes[0].At] : changed;
    }

    private static bool OnlyMalformed(Action parse)
    {
        try
        {
            parse();
        }
        catch (UpperLayerException)
        {
            // The one exception that the protocol answers.
        }

        return true;
    }
}
