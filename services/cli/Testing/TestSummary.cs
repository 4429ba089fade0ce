using System.Globalization;
using System.Xml.Linq;

namespace MedCloudCare.Cli.Testing;

/// <summary>A failed test.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Message">What it said.</param>
internal sealed record TestFailure(string Name, string Message);

/// <summary>How the tests of one or several suites ended.</summary>
/// <param name="Passed">Passed.</param>
/// <param name="Failed">Failed, timed out, or were cut off.</param>
/// <param name="Skipped">Did not apply here.</param>
/// <param name="Failures">The failed ones.</param>
internal sealed record TestSummary(int Passed, int Failed, int Skipped, IReadOnlyList<TestFailure> Failures)
{
    /// <summary>No tests.</summary>
    public static TestSummary None { get; } = new(0, 0, 0, []);

    /// <summary>Passed, failed and skipped together.</summary>
    public int Total => Passed + Failed + Skipped;

    /// <summary>Both together.</summary>
    public TestSummary And(TestSummary other) =>
        new(Passed + other.Passed, Failed + other.Failed, Skipped + other.Skipped, [.. Failures, .. other.Failures]);

    /// <summary>One failure: the suite itself.</summary>
    public static TestSummary SuiteFailed(string suite, string message) => new(0, 1, 0, [new TestFailure(suite, message)]);

    /// <summary>Reads a result file of VSTest (.trx), by the outcome of each test: its counters leave skipped ones out.</summary>
    public static TestSummary OfTrx(XDocument trx)
    {
        XNamespace ns = trx.Root!.Name.Namespace;
        TestSummary sum = None;
        foreach (XElement result in trx.Descendants(ns + "UnitTestResult"))
        {
            string name = (string?)result.Attribute("testName") ?? "?";
            string message = (string?)result.Descendants(ns + "Message").FirstOrDefault() ?? "";
            sum = sum.And((string?)result.Attribute("outcome") switch
            {
                "Passed" => new TestSummary(1, 0, 0, []),
                "NotExecuted" => new TestSummary(0, 0, 1, []),
                _ => new TestSummary(0, 1, 0, [new TestFailure(name, message)]),
            });
        }

        return sum;
    }

    /// <summary>Reads a result file of pytest (JUnit XML).</summary>
    public static TestSummary OfJUnit(XDocument junit)
    {
        TestSummary sum = None;
        foreach (XElement test in junit.Descendants("testcase"))
        {
            XElement? problem = test.Element("failure") ?? test.Element("error");
            sum = sum.And(problem is not null
                ? new TestSummary(0, 1, 0, [new TestFailure($"{(string?)test.Attribute("classname")}.{(string?)test.Attribute("name")}", (string?)problem.Attribute("message") ?? "")])
                : test.Element("skipped") is not null ? new TestSummary(0, 0, 1, []) : new TestSummary(1, 0, 0, []));
        }

        return sum;
    }

    /// <summary>The line that ends a run.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed, {Skipped} skipped");
}
