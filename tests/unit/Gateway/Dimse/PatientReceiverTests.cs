using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Gateway.Dimse.Store;

namespace MedCloudCare.Gateway.Tests.Dimse;

public sealed class PatientReceiverTests
{
    private static readonly InstanceHeading Heading = new(ScuBytes.CtImage, "1.2.3", ScuBytes.ExplicitLittle);

    [Fact]
    public async Task After_a_failure_the_next_instance_waits_for_the_archive_and_others_do_not()
    {
        var (asked, serves) = (0, 3);
        var inner = new MemoryReceiver();
        await using var receiver = new PatientReceiver(inner, _ => Task.FromResult(++asked >= serves), TimeSpan.FromMinutes(1), TimeProvider.System);
        Assert.Equal(0, (await StoreAsync(receiver)).Code);
        inner.Answer = DimseStatus.CannotUnderstand("no file");
        Assert.Equal(0xC000, (await StoreAsync(receiver)).Code);
        Assert.Equal(0, asked);

        inner.Answer = DimseStatus.OutOfResources("away");
        await StoreAsync(receiver);
        inner.Answer = DimseStatus.Success;
        Assert.Equal(0, (await StoreAsync(receiver)).Code);
        Assert.Equal(serves, asked);
        await StoreAsync(receiver);
        Assert.Equal(serves, asked);
    }

    [Fact]
    public async Task Its_patience_has_an_end()
    {
        await using var receiver = new PatientReceiver(new MemoryReceiver { Answer = DimseStatus.OutOfResources("away") }, _ => Task.FromResult(false), TimeSpan.FromMilliseconds(100), TimeProvider.System);
        await StoreAsync(receiver);
        Assert.Equal(0xA700, (await StoreAsync(receiver).WaitAsync(TimeSpan.FromSeconds(20))).Code);
    }

    private static async Task<DimseStatus> StoreAsync(PatientReceiver receiver)
    {
        await receiver.BeginAsync(Heading, CancellationToken.None);
        await receiver.WriteAsync(new byte[10], CancellationToken.None);
        return await receiver.EndAsync(CancellationToken.None);
    }
}
