using System.Xml.Linq;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Testing;

namespace MedCloudCare.Cli.Tests;

public sealed class TestSummaryTests
{
    [Fact]
    public void Results_of_VSTest_are_counted_by_outcome()
    {
        TestSummary summary = TestSummary.OfTrx(XDocument.Parse("""
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
              <UnitTestResult testName="A" outcome="Passed" /><UnitTestResult testName="B" outcome="NotExecuted" />
              <UnitTestResult testName="C" outcome="Failed"><Output><ErrorInfo><Message>why</Message></ErrorInfo></Output></UnitTestResult>
              <UnitTestResult testName="D" outcome="Timeout" />
            </Results></TestRun>
            """));
        Assert.Equal("1 passed, 2 failed, 1 skipped", summary.ToString());
        Assert.Equal([new TestFailure("C", "why"), new TestFailure("D", "")], summary.Failures);
    }

    [Fact]
    public void Results_of_pytest_are_counted_with_errors_as_failures()
    {
        TestSummary summary = TestSummary.OfJUnit(XDocument.Parse("""
            <testsuites><testsuite><testcase classname="t" name="a"/><testcase classname="t" name="b"><skipped/></testcase>
            <testcase classname="t" name="c"><failure message="why">x</failure></testcase><testcase classname="t" name="d"><error message="boom"/></testcase></testsuite></testsuites>
            """));
        Assert.Equal("1 passed, 2 failed, 1 skipped", summary.ToString());
    }

    [Fact]
    public async Task A_suite_that_breaks_off_without_a_result_counts_as_failed()
    {
        using TemporaryDirectory directory = new();
        TestSuite suite = new("broken", ["/bin/sh", "-c", "echo segmentation fault; exit 139"], directory["r.xml"], TestSummary.OfJUnit, 5);
        TestSummary summary = await suite.RunAsync(directory.Path, default);
        Assert.Equal("0 passed, 1 failed, 0 skipped", summary.ToString());
        Assert.Contains("segmentation fault", summary.Failures[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("upload", true)]
    [InlineData("FullyQualifiedName~Upload&Category!=Slow", false)]
    public void A_filter_expression_selects_no_suite_of_pytest(string? filter, bool isSelected)
    {
        using TemporaryDirectory directory = new();
        Directory.CreateDirectory(directory["tests"]);
        Directory.CreateDirectory(directory["services/pods/python/tests"]);
        TestSuite[] suites = [.. TestSuite.Find(new RepositoryLayout(directory.Path, directory["bin"]), directory.Path, filter)];
        Assert.Equal(isSelected, suites.Length == 1);
    }
}
