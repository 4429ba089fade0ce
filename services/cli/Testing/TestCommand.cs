using System.CommandLine;
using System.Diagnostics;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Testing;

/// <summary><c>mcc test</c>: every test that this machine can run.</summary>
internal static class TestCommand
{
    private const int FailuresShown = 40;

    public static Command Create()
    {
        Argument<string?> filter = new("filter") { Description = "Part of a test's name, or a filter expression (FullyQualifiedName~Upload&Category!=Slow).", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("test", "Run the tests: unit, integration and browser tests, and those of the Python SDK. Results are kept in .results.") { filter };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            RepositoryLayout repository = RepositoryLayout.Find();
            string results = Path.Combine(repository.Root, ".results");
            Directory.CreateDirectory(results);
            TestSummary total = TestSummary.None;
            foreach (TestSuite suite in TestSuite.Find(repository, results, parsed.GetValue(filter)))
            {
                total = total.And(await RunAsync(suite, repository.Root, cancellationToken).ConfigureAwait(false));
            }

            if (total.Total == 0)
            {
                Terminal.Note("No test ran.");
            }

            Terminal.Result(total.ToString());
            return total.Failed == 0 && total.Passed > 0 ? ExitCode.Ok : ExitCode.Refused;
        });
        return command;
    }

    private static async Task<TestSummary> RunAsync(TestSuite suite, string root, CancellationToken cancellationToken)
    {
        Stopwatch watch = Stopwatch.StartNew();
        if (Terminal.IsInteractive)
        {
            Console.Error.Write($"{suite.Name} …\r");
        }

        TestSummary summary = await suite.RunAsync(root, cancellationToken).ConfigureAwait(false);
        Terminal.Note($"{suite.Name}: {summary} ({watch.Elapsed.TotalSeconds:0.0} s)");
        foreach (TestFailure failure in summary.Failures.Take(FailuresShown))
        {
            Terminal.Note($"  FAILED {failure.Name}");
            Terminal.Note("    " + failure.Message.Trim().ReplaceLineEndings("\n    "));
        }

        return summary;
    }
}
