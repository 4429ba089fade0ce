using System.Text;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Dimse;
using MedCloudCare.Gateway.Dimse.Hosting;
using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Platform.Errors;
using static MedCloudCare.Gateway.Tests.Dimse.ScuBytes;

namespace MedCloudCare.Gateway.Tests.Dimse;

public sealed class AssociationTests
{
    private static readonly byte[] Request = AssociateRequest((1, Verification, [ImplicitLittle]), (3, CtImage, [ImplicitLittle, ExplicitLittle]));

    [Fact]
    public async Task An_association_is_accepted_answers_an_echo_and_is_released()
    {
        await using var peer = new Conversation();
        await peer.SendAsync(Request);
        var (type, body) = (await peer.ReadPduAsync())!.Value;
        Assert.Equal(2, type);
        Assert.Contains(ExplicitLittle, Encoding.ASCII.GetString(body), StringComparison.Ordinal);
        Assert.Equal(("SCU", "SCP"), (peer.Visitor!.CallingTitle, peer.Visitor.CalledTitle));

        await peer.SendAsync(Echo(message: 77));
        var response = await peer.ReadResponseAsync();
        Assert.Equal(Little16(0x8030), response[0x0100]);
        Assert.Equal(Little16(77), response[0x0120]);
        Assert.Equal(Little16(0), response[0x0900]);

        await peer.SendAsync(Release());
        Assert.Equal(6, (await peer.ReadPduAsync())!.Value.Type);
        peer.Hangup();
        await peer.Ended;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task A_data_set_arrives_whole_however_it_is_cut(int fragment)
    {
        var dataSet = Enumerable.Range(0, 5000).Select(i => (byte)(i * 31)).ToArray();
        await using var peer = new Conversation();
        await peer.SendAsync(Request, Store(3, CtImage, "1.2.3.4", dataSet, fragment), Store(3, CtImage, "1.2.3.5", dataSet[..10], fragment, message: 2));
        Assert.Equal(2, (await peer.ReadPduAsync())!.Value.Type);
        Assert.Equal(0, await peer.ReadStatusAsync());
        var second = await peer.ReadResponseAsync();
        Assert.Equal(Uid("1.2.3.5"), second[0x1000]);
        Assert.Equal(Little16(2), second[0x0120]);
        Assert.Equal([("1.2.3.4", 5000), ("1.2.3.5", 10)], peer.Receiver.Stored.Select(s => (s.Heading.SopInstanceUid, s.DataSet.Length)));
        Assert.Equal(dataSet, peer.Receiver.Stored[0].DataSet);
        Assert.Equal(ExplicitLittle, peer.Receiver.Stored[0].Heading.TransferSyntaxUid);
    }

    [Fact]
    public async Task A_refusal_is_answered_with_its_status_and_comment_and_the_association_goes_on()
    {
        await using var peer = new Conversation();
        peer.Receiver.Answer = DimseStatus.CannotUnderstand("Neither a preamble nor a data element");
        await peer.SendAsync(Request, Store(3, CtImage, "1.2.3.4", new byte[100]));
        await peer.ReadPduAsync();
        var response = await peer.ReadResponseAsync();
        Assert.Equal(Little16(0xC000), response[0x0900]);
        Assert.StartsWith("Neither a preamble", Encoding.ASCII.GetString(response[0x0902]), StringComparison.Ordinal);
        await peer.SendAsync(Echo());
        Assert.Equal(0, await peer.ReadStatusAsync());
    }

    [Fact]
    public async Task What_is_not_a_store_or_an_echo_gets_a_status_and_its_data_set_is_skipped()
    {
        var find = Command((0x0002, Uid(CtImage)), (0x0100, Little16(0x20)), (0x0110, Little16(5)), (0x0800, Little16(1)));
        await using var peer = new Conversation();
        await peer.SendAsync(Request, Data(3, true, true, find), Data(3, false, true, new byte[300]));
        await peer.ReadPduAsync();
        Assert.Equal(0x0211, await peer.ReadStatusAsync());

        // Of another class than its context, without an instance UID, on the verification context.
        await peer.SendAsync(Store(3, "1.2.840.10008.5.1.4.1.1.4", "1.2.3.4", new byte[10]));
        Assert.Equal(0x0122, await peer.ReadStatusAsync());
        await peer.SendAsync(Store(3, CtImage, "..", new byte[10]));
        Assert.Equal(0x0212, await peer.ReadStatusAsync());
        await peer.SendAsync(Store(1, Verification, "1.2.3.4", new byte[10]));
        Assert.Equal(0x0122, await peer.ReadStatusAsync());
        Assert.Empty(peer.Receiver.Stored);
    }

    [Fact]
    public async Task Responses_are_cut_to_what_the_peer_takes()
    {
        await using var peer = new Conversation();
        await peer.SendAsync(AssociateRequest("SCU", "SCP", 20, [(1, Verification, [ImplicitLittle])]), Echo());
        await peer.ReadPduAsync();
        var first = (await peer.ReadPduAsync())!.Value;
        Assert.Equal((4, 20), (first.Type, first.Body.Length));
        Assert.Equal(0, first.Body[5] & 2);
        Assert.Equal(0, await peer.ReadStatusRestAsync(first.Body));
    }

    [Fact]
    public async Task An_unknown_title_is_rejected_and_told_so()
    {
        await using var peer = new Conversation(refuse: _ => MeshErrors.NotFound("dicomPeers"));
        await peer.SendAsync(Request);
        await peer.ExpectAsync(3, [0, 1, 1, 3]);
    }

    [Theory]
    [InlineData(Reason.FieldInvalid, 1, 1, 7)]
    [InlineData(Reason.AccountSuspended, 1, 1, 1)]
    [InlineData(Reason.AccountNotApproved, 1, 1, 1)]
    [InlineData(Reason.ServiceUnavailable, 2, 3, 1)]
    public async Task A_refusal_of_auth_is_a_rejection_of_its_kind(Reason reason, byte result, byte source, byte why)
    {
        await using var peer = new Conversation(refuse: _ => MeshErrors.Of(StatusCode.Unknown, reason, "no"));
        await peer.SendAsync(Request);
        await peer.ExpectAsync(3, [0, result, source, why]);
    }

    [Fact]
    public async Task Another_protocol_or_application_is_rejected()
    {
        await using var version = new Conversation();
        await version.SendAsync(AssociateRequest("SCU", "SCP", 0, [(1, Verification, [ImplicitLittle])], version: 2));
        await version.ExpectAsync(3, [0, 1, 2, 2]);
        await using var application = new Conversation();
        await application.SendAsync(AssociateRequest("SCU", "SCP", 0, [(1, Verification, [ImplicitLittle])], application: "1.2.3"));
        await application.ExpectAsync(3, [0, 1, 1, 2]);
        await using var unnamed = new Conversation();
        await unnamed.SendAsync(AssociateRequest("", "SCP", 0, [(1, Verification, [ImplicitLittle])]));
        await unnamed.ExpectAsync(3, [0, 1, 1, 3]);
    }

    [Fact]
    public async Task More_associations_of_a_title_than_allowed_are_rejected_until_one_ends()
    {
        var limits = new DoorLimits { AssociationsOfTitle = 1, Close = TimeSpan.FromMilliseconds(100) };
        using var guard = new DoorGuard(limits);
        var first = new Conversation(limits, guard: guard);
        await first.SendAsync(Request);
        Assert.Equal(2, (await first.ReadPduAsync())!.Value.Type);
        await using (var second = new Conversation(limits, guard: guard))
        {
            await second.SendAsync(Request);
            await second.ExpectAsync(3, [0, 2, 3, 2]);
        }

        await first.DisposeAsync();
        await using var third = new Conversation(limits, guard: guard);
        await third.SendAsync(Request);
        Assert.Equal(2, (await third.ReadPduAsync())!.Value.Type);
    }

    [Fact]
    public async Task An_address_that_guesses_titles_is_not_listened_to_for_a_while()
    {
        var limits = new DoorLimits { RejectionsPerMinute = 3, Close = TimeSpan.FromMilliseconds(50) };
        using var guard = new DoorGuard(limits);
        var asked = 0;
        for (var i = 0; i < 5; i++)
        {
            await using var peer = new Conversation(limits, guard: guard, refuse: _ =>
            {
                asked++;
                return MeshErrors.NotFound("dicomPeers");
            });
            await peer.SendAsync(Request);
            Assert.Equal(i < 3 ? [0, 1, 1, 3] : [0, 2, 3, 2], (await peer.ReadPduAsync())!.Value.Body);
        }

        Assert.Equal(3, asked);
    }
}

/// <summary>Reads the rest of a response of which the first fragment was taken by the test.</summary>
internal static class ResponseRest
{
    public static async Task<int> ReadStatusRestAsync(this Conversation peer, byte[] first)
    {
        var command = first[6..].ToList();
        for (byte control = 0; (control & 2) == 0;)
        {
            var (type, body) = (await peer.ReadPduAsync())!.Value;
            Assert.Equal(4, type);
            Assert.True(body.Length <= 20);
            control = body[5];
            command.AddRange(body[6..]);
        }

        // Status is the last element of a response without comment and instance.
        return BitConverter.ToUInt16(command.ToArray(), command.Count - 2);
    }
}
