namespace MedCloudCare.Sealing.Tests;

public sealed class BlindIndexTests
{
    private static readonly Guid Owner = Guid.NewGuid();

    [Fact]
    public void Insignificant_spaces_do_not_count_and_everything_else_does()
    {
        using BlindIndex index = new(Streams.Random(32));
        byte[] trace = index.Patient(Owner, null, "4711");
        Assert.Equal(BlindIndex.TraceLength, trace.Length);
        Assert.True(BlindIndex.Matches(trace, index.Patient(Owner, " ", " 4711 \0")));
        using BlindIndex other = new(Streams.Random(32));
        foreach (byte[] different in (byte[][])[
            index.Patient(Owner, null, "4712"), index.Patient(Owner, "A", "4711"), index.Patient(Guid.NewGuid(), null, "4711"),
            index.Patient(Owner, "4711", ""), index.Patient(Owner, null, "47 11"), other.Patient(Owner, null, "4711"),
            index.Compute("person", Owner.ToString("D"), "", "4711")])
        {
            Assert.False(BlindIndex.Matches(trace, different));
        }
    }

    [Fact]
    public void Case_counts()
    {
        using BlindIndex index = new(Streams.Random(32));
        Assert.False(BlindIndex.Matches(index.Patient(Owner, null, "a1"), index.Patient(Owner, null, "A1")));
    }
}
