using System.Diagnostics;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Tests;

public sealed class ProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_name_with_spaces_and_parentheses_does_not_shift_the_start_time()
    {
        const string stat = "77 (a) b) (c) S 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 1000 10 18446744073709551615";
        Assert.Equal(new ProcessIdentity(77, 123456), ProcessIdentity.Parse(77, stat));
        Assert.Null(ProcessIdentity.Parse(77, stat.Replace(" S 1", " Z 1", StringComparison.Ordinal)));
        Assert.Null(ProcessIdentity.Parse(77, "nonsense"));
    }

    [Fact]
    public void A_process_with_the_same_number_and_another_start_time_is_another_process()
    {
        ProcessIdentity current = ProcessIdentity.Current;
        Assert.True(current.IsAlive);
        Assert.False((current with { StartTicks = current.StartTicks - 1 }).IsAlive);
        Assert.False((current with { StartTicks = current.StartTicks - 1 }).Signal(Posix.SigKill));
    }

    [Fact]
    public async Task Leftovers_are_ended_by_number_and_start_time_and_never_a_process_that_reuses_the_number()
    {
        using Process left = Process.Start("/bin/sleep", "600");
        using Process innocent = Process.Start("/bin/sleep", "600");
        try
        {
            ProcessIdentity other = ProcessIdentity.Of(innocent.Id)!.Value;
            MeshState state = State(
                new ProcessState("study", ProcessIdentity.Of(left.Id), true, 0, null),
                new ProcessState("model", other with { StartTicks = other.StartTicks - 5 }, true, 0, null));
            Assert.Equal(["study"], await Leftovers.EndAsync(state));
            Assert.True(left.WaitForExit(Patience));
            Assert.False(innocent.HasExited);
            Assert.Empty(await Leftovers.EndAsync(state with { Boot = "another", Processes = [new ProcessState("model", other, true, 0, null)] }));
            Assert.False(innocent.HasExited);
        }
        finally
        {
            innocent.Kill();
        }
    }

    [Fact]
    public async Task A_killed_process_is_started_again_and_a_stopped_one_is_not()
    {
        using SupervisedProcess process = new(Plan("exec sleep 600"), TimeProvider.System);
        process.Start();
        ProcessIdentity first = await StartedAsync(process, 0);
        Assert.True(first.Signal(Posix.SigKill));
        ProcessIdentity second = await StartedAsync(process, 1);
        Assert.NotEqual(first, second);
        Assert.Contains("signal 9", process.State.LastExit, StringComparison.Ordinal);
        await process.StopAsync();
        Assert.False(second.IsAlive);
        Assert.Null(process.State.Process);
    }

    [Fact]
    public async Task A_process_that_does_not_listen_is_killed_with_its_children_after_its_grace()
    {
        string child = _directory["child"];
        using SupervisedProcess process = new(Plan($"trap '' TERM; sleep 600 & echo $! > '{child}'; while :; do sleep 600; done", TimeSpan.FromMilliseconds(200)), TimeProvider.System);
        process.Start();
        ProcessIdentity shell = await StartedAsync(process, 0);
        await UntilAsync(() => File.Exists(child) && File.ReadAllText(child).Trim().Length > 0);
        ProcessIdentity sleeper = ProcessIdentity.Of(int.Parse(File.ReadAllText(child), System.Globalization.CultureInfo.InvariantCulture))!.Value;
        await process.StopAsync();
        Assert.False(shell.IsAlive);
        Assert.True(await sleeper.WaitForEndAsync(Patience));
    }

    [Fact]
    public async Task A_process_that_refuses_its_data_is_not_started_again_and_its_message_is_shown()
    {
        using SupervisedProcess process = new(Plan("echo the schema is newer; exit 78"), TimeProvider.System);
        process.Start();
        Assert.Equal("the schema is newer", await process.Misconfigured.Task.WaitAsync(Patience));
        await process.StopAsync();
        Assert.Equal(0, process.State.Restarts);
    }

    [Fact]
    public async Task A_service_sees_nothing_of_the_launching_shell()
    {
        Environment.SetEnvironmentVariable("MCC_TEST_SECRET", "hunter2");
        ProcessPlan plan = Plan("env; exit 78") with { Environment = ProcessEnvironment.ForService("/etc/x.json") };
        using SupervisedProcess process = new(plan, TimeProvider.System);
        process.Start();
        await process.Misconfigured.Task.WaitAsync(Patience);
        string[] names = [.. File.ReadAllLines(plan.Log).Select(l => l.Split('=')[0])];
        Assert.Contains("MCC_CONFIG", names);
        Assert.All(names, n => Assert.True(n is "PATH" or "HOME" or "LC_ALL" or "TZ" or "MCC_CONFIG" or "PWD" or "SHLVL" or "_" || n.StartsWith("DOTNET_", StringComparison.Ordinal), n));
        Assert.Equal(SecretFile.OwnerOnly, File.GetUnixFileMode(plan.Log));
    }

    [Fact]
    public void A_large_log_is_set_aside_when_a_process_starts()
    {
        string log = _directory["x.log"];
        using (FileStream large = File.Create(log))
        {
            large.SetLength(9 << 20);
        }

        LogFiles.Prepare(log);
        Assert.Equal(0, new FileInfo(log).Length);
        Assert.Equal(9 << 20, new FileInfo(log + ".1").Length);
    }

    private ProcessPlan Plan(string script, TimeSpan? grace = null) => new("it", ["/bin/sh", "-c", script],
        new Dictionary<string, string> { ["PATH"] = ProcessEnvironment.Path }, _directory["it.log"], Posix.SigTerm, grace ?? Patience);

    private static MeshState State(params ProcessState[] processes) => new()
    {
        Boot = ProcessIdentity.Boot,
        Supervisor = new ProcessIdentity(1 << 22, 1),
        Http = "",
        Https = "",
        Services = new Dictionary<string, string>(),
        Cluster = "/nonexistent",
        Processes = processes,
    };

    private static async Task<ProcessIdentity> StartedAsync(SupervisedProcess process, int restarts)
    {
        await UntilAsync(() => process.State.Restarts >= restarts && process.State.Process is not null);
        return process.State.Process!.Value;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (Stopwatch watch = Stopwatch.StartNew(); !condition(); await Task.Delay(10))
        {
            Assert.True(watch.Elapsed < Patience, "it did not happen");
        }
    }
}
