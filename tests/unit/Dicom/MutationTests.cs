using MedCloudCare.Fuzz;
using Xunit.Abstractions;

namespace MedCloudCare.Dicom.Tests;

/// <summary>
/// The fuzz target in small: the saved corpus and some seconds of mutations. The long runs are tests/fuzz/run's. Whatever the
/// bytes, the outcome is a description or a typed error, the same however the bytes are cut, with bounded memory and time.
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Mutations = 150_000;

    private static string CorpusFolder => Path.Combine(AppContext.BaseDirectory, "corpus");

    [Fact]
    public void Nothing_in_the_saved_corpus_breaks_an_invariant()
    {
        var paths = Directory.GetFiles(CorpusFolder);
        Assert.True(paths.Length > 100, $"only {paths.Length} inputs are there");
        var findings = paths.Select(p => (Name: Path.GetFileName(p), Finding: FindingOf(File.ReadAllBytes(p)))).Where(x => x.Finding is not null).ToList();
        Assert.True(findings.Count == 0, string.Join('\n', findings));
    }

    [Fact]
    public void The_seeds_reach_every_reader_and_break_nothing()
    {
        var seeds = Seeds.All().ToList();
        Assert.Equal([0, 1, 2, 3], seeds.Select(s => (int)s.Input[0]).Distinct().Order());
        foreach (var (name, input) in seeds) Assert.True(FindingOf(input) is null, $"{name}: {FindingOf(input)}");
        foreach (var (name, file) in Seeds.Files()) Assert.True(DicomInstanceScanner.Scan(file, FuzzTarget.Options).FileLength == file.Length, name);
    }

    [Fact]
    public void Mutated_inputs_break_no_invariant()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var mutator = new Mutator([.. Seeds.All().Select(s => s.Input), .. Directory.GetFiles(CorpusFolder).Select(File.ReadAllBytes)], seed);
        for (var i = 0; i < Mutations; i++)
        {
            var input = mutator.Next();
            if (FindingOf(input) is { } finding) Assert.Fail($"mutation {i} of seed {seed}: {finding}\n{Convert.ToBase64String(input)}");
        }
    }

    /// <summary>The harness itself: a reader that breaks an invariant must be found out.</summary>
    [Fact]
    public void Mutations_change_what_they_start_from_and_are_the_same_for_the_same_seed()
    {
        byte[][] corpus = [.. Seeds.All().Select(s => s.Input)];
        var (one, two) = (new Mutator(corpus, 5), new Mutator(corpus, 5));
        var made = new HashSet<string>();
        for (var i = 0; i < 1000; i++)
        {
            var input = Convert.ToBase64String(one.Next());
            Assert.Equal(input, Convert.ToBase64String(two.Next()));
            made.Add(input);
        }

        Assert.True(made.Count > 950, $"{made.Count} of 1000 differ");
    }

    private static string? FindingOf(ReadOnlySpan<byte> input)
    {
        try
        {
            FuzzTarget.Run(input);
            return null;
        }
        catch (FindingException e)
        {
            return e.ToString();
        }
    }
}
