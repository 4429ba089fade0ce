using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Storage;

namespace MedCloudCare.Models.Tests;

/// <summary>The sandboxed check of a package's sources.</summary>
public sealed class PackageValidatorTests
{
    private const string Good = """
        from medcloudcare import Application, InferTask, InferType, Segment, Segmentation

        class Model(Application):
            infer_type = InferType.SEGMENTATION

            def run(self, task: InferTask) -> Segmentation:
                return Segmentation(task.volume > 0, [Segment(1, "A")])
        """;

    [SkippableFact]
    public async Task Packages_are_judged_precisely_and_never_executed()
    {
        await using var pods = new TestPods();
        using var store = new TestStore();
        var validator = new PackageValidator(pods.Host);
        string trace = Path.Combine(pods.Home, "executed");
        foreach ((string what, (string, string)[] files, InferType task, Reason? reason, string details) in Cases(trace))
        {
            using IncomingPackage package = await store.PackageAsync(files);
            PackageException? error = null;
            try
            {
                await validator.CheckAsync(package, task, CancellationToken.None);
            }
            catch (PackageException refused)
            {
                error = refused;
            }

            Assert.True(error?.Reason == reason, $"{what}: {error?.Reason} {error?.Message}");
            string said = string.Join(' ', error?.Details.Select(d => $"{d.Key}={d.Value}") ?? []);
            Assert.True(said.Contains(details, StringComparison.Ordinal), $"{what}: {said} {error?.Message}");
        }

        Assert.False(File.Exists(trace));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(pods.Host.Directories.Root, "packages")));
    }

    [SkippableFact]
    public async Task The_template_and_the_example_are_valid()
    {
        await using var pods = new TestPods();
        using var store = new TestStore();
        var validator = new PackageValidator(pods.Host);
        foreach (string directory in (string[])["template", "examples/brain-tissue"])
        {
            string code = await File.ReadAllTextAsync(Path.Combine(pods.Options.Runtime, directory, "main.py"));
            using IncomingPackage package = await store.PackageAsync(("main.py", code));
            await validator.CheckAsync(package, InferType.Segmentation, CancellationToken.None);
        }
    }

    private static IEnumerable<(string What, (string, string)[] Files, InferType Task, Reason? Reason, string Details)> Cases(string trace)
    {
        static (string, string)[] Main(string code) => [("main.py", code)];
        const InferType segmentation = InferType.Segmentation;
        yield return ("good", Main(Good), segmentation, null, "");
        yield return ("good, by module", Main(Good.Replace("from medcloudcare import Application, InferTask, InferType, Segment, Segmentation", "import medcloudcare as m\nfrom medcloudcare import *", StringComparison.Ordinal).Replace("(Application)", "(m.Application)", StringComparison.Ordinal)), segmentation, null, "");
        yield return ("good, inherited", Main(Good + "\nclass Better(Model):\n    pass\n"), segmentation, null, "");
        yield return ("good, type as text", Main(Good.Replace("InferType.SEGMENTATION", "\"segmentation\"", StringComparison.Ordinal)), segmentation, null, "");
        yield return ("no main.py", [("model.py", Good)], segmentation, Reason.ModelMainMissing, "");
        yield return ("main.py in a folder", [("src/main.py", Good)], segmentation, Reason.ModelMainMissing, "");
        yield return ("syntax error", Main(Good + "\n\ndef broken(:\n    pass\n"), segmentation, Reason.ModelSyntaxError, "file=main.py line=9 column=12");
        yield return ("syntax error elsewhere", [("main.py", Good), ("lib/util.py", "x = 1\ny = = 2\n")], segmentation, Reason.ModelSyntaxError, "file=lib/util.py line=2 column=5");
        yield return ("return outside", Main(Good + "\nreturn 1\n"), segmentation, Reason.ModelSyntaxError, "line=8");
        yield return ("bad indentation", Main("if True:\nprint(1)\n"), segmentation, Reason.ModelSyntaxError, "line=2");
        yield return ("null byte", Main("x = 1\0\n"), segmentation, Reason.ModelSyntaxError, "file=main.py");
        yield return ("wrong encoding", Main("# coding: no-such-codec\n" + Good), segmentation, Reason.ModelSyntaxError, "file=main.py");
        yield return ("deeply nested", Main("x = " + new string('(', 100_000)), segmentation, Reason.ModelSyntaxError, "file=main.py");
        yield return ("deeply negated", Main("x = " + new string('-', 300_000) + "1"), segmentation, Reason.ModelSyntaxError, "file=main.py");
        yield return ("no application", Main("print('hello')\n"), segmentation, Reason.ModelApplicationMissing, "file=main.py");
        yield return ("another Application", Main("class Application:\n    pass\nclass M(Application):\n    def run(self, task): pass\n"), segmentation, Reason.ModelApplicationMissing, "");
        yield return ("two applications", Main(Good + "\nclass Second(Application):\n    infer_type = InferType.SEGMENTATION\n    def run(self, task): pass\n"), segmentation, Reason.ModelApplicationMissing, "line=8 column=1");
        yield return ("no run", Main(Good.Replace("def run", "def walk", StringComparison.Ordinal)), segmentation, Reason.ModelRunMissing, "line=3");
        yield return ("run without task", Main(Good.Replace("self, task: InferTask", "self", StringComparison.Ordinal)), segmentation, Reason.ModelRunMissing, "line=6");
        yield return ("run with too much", Main(Good.Replace("task: InferTask", "task, other", StringComparison.Ordinal)), segmentation, Reason.ModelRunMissing, "line=6");
        yield return ("async run", Main(Good.Replace("def run", "async def run", StringComparison.Ordinal)), segmentation, Reason.ModelRunMissing, "line=6");
        yield return ("no type", Main(Good.Replace("infer_type = InferType.SEGMENTATION", "pass", StringComparison.Ordinal)), segmentation, Reason.ModelTypeInvalid, "line=3");
        yield return ("unknown type", Main(Good.Replace("SEGMENTATION", "MAGIC", StringComparison.Ordinal)), segmentation, Reason.ModelTypeInvalid, "line=4 column=18");
        yield return ("other type than the form's", Main(Good), InferType.Detection, Reason.ModelTypeInvalid, "line=4 column=18");
        yield return ("code on import", Main($"open('{trace}', 'w')\n" + Good), segmentation, null, "");
        yield return ("endless import", Main("while True:\n    pass\n" + Good), segmentation, null, "");
    }
}
