using System.Diagnostics;
using System.Xml;
using System.Xml.Linq;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Testing;

/// <summary>Tests that run in one process and leave one result file.</summary>
/// <param name="Name">Path within the checkout.</param>
/// <param name="Command">What runs them.</param>
/// <param name="Result">The file that they leave.</param>
/// <param name="Read">Reads that file.</param>
/// <param name="MayBeEmpty">The exit code that means that no test matched; null if that is no failure anyway.</param>
internal sealed record TestSuite(string Name, IReadOnlyList<string> Command, string Result, Func<XDocument, TestSummary> Read, int? MayBeEmpty)
{
    private const string TestSdk = "Microsoft.NET.Test.Sdk";

    // A test that stands still for this long never ends.
    private const string HangTimeout = "20m";

    /// <summary>The suites of the checkout: test projects (unit tests first), then pytest suites.</summary>
    /// <param name="repository">The checkout.</param>
    /// <param name="results">Directory for result files.</param>
    /// <param name="filter">Part of a test's name, or a filter expression of VSTest, which selects no pytest suite; null for all.</param>
    public static IEnumerable<TestSuite> Find(RepositoryLayout repository, string results, string? filter)
    {
        IEnumerable<string> projects = Directory.EnumerateFiles(Path.Combine(repository.Root, "tests"), "*.csproj", SearchOption.AllDirectories)
            .Select(p => Path.GetRelativePath(repository.Root, p))
            .Where(p => !p.Contains("node_modules", StringComparison.Ordinal) && File.ReadAllText(Path.Combine(repository.Root, p)).Contains(TestSdk, StringComparison.Ordinal))
            .OrderBy(p => !p.StartsWith("tests/unit/", StringComparison.Ordinal)).ThenBy(p => p, StringComparer.Ordinal);
        foreach (string project in projects)
        {
            yield return OfProject(repository, project, results, filter);
        }

        const string python = "services/pods/python/tests";
        // pytest knows no expressions of VSTest, whose terms are those of .NET tests.
        bool isExpression = filter?.AsSpan().ContainsAny("=~&|") ?? false;
        if (!isExpression && Directory.Exists(Path.Combine(repository.Root, python)))
        {
            string file = Path.Combine(results, "pods-python.xml");
            string[] matching = filter is null ? [] : ["-k", filter];
            yield return new TestSuite(python,
                ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", $"--junitxml={file}", .. matching, python],
                file, TestSummary.OfJUnit, 5);
        }
    }

    /// <summary>Runs it; what it prints goes to a file beside the result.</summary>
    public async Task<TestSummary> RunAsync(string root, CancellationToken cancellationToken)
    {
        File.Delete(Result);
        string log = Path.ChangeExtension(Result, ".log");
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", log, .. Command]) { WorkingDirectory = root };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MCC_ROOT"] = root;
        using Process process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return Judge(process.ExitCode, log);
    }

    private TestSummary Judge(int exitCode, string log)
    {
        TestSummary summary = TestSummary.None;
        if (File.Exists(Result))
        {
            try
            {
                summary = Read(XDocument.Load(Result));
            }
            catch (XmlException e)
            {
                return TestSummary.SuiteFailed(Name, $"its result file is damaged: {e.Message}");
            }
        }

        // A run that broke off leaves the results of those that came before.
        return exitCode == 0 || summary.Failed > 0 || exitCode == MayBeEmpty
            ? summary
            : summary.And(TestSummary.SuiteFailed(Name, $"exit code {exitCode}: {string.Join(" / ", LogFiles.Tail(log, 6))}"));
    }

    private static TestSuite OfProject(RepositoryLayout repository, string project, string results, string? filter)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        string assembly = (string?)XDocument.Load(Path.Combine(repository.Root, project)).Descendants("AssemblyName").FirstOrDefault() ?? name;
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string path = Path.Combine(repository.Binaries, name, configuration, assembly + ".dll");
        string[] matching = filter is null ? [] : ["--filter", filter.AsSpan().IndexOfAny('=', '~') >= 0 ? filter : $"FullyQualifiedName~{filter}"];
        return new TestSuite(project,
            ["dotnet", "test", path, "--nologo", "--logger", $"trx;LogFileName={name}.trx", "--results-directory", results,
                "--blame-hang-timeout", HangTimeout, "--blame-hang-dump-type", "none", .. matching],
            Path.Combine(results, name + ".trx"), TestSummary.OfTrx, null);
    }
}
