using System.Diagnostics;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Pods;

namespace MedCloudCare.Models.Tests;

public sealed class OrchestratorTests
{
    private const Replica.Types.State Ready = Replica.Types.State.Ready;

    [SkippableFact]
    public async Task A_watched_version_gets_its_replicas_each_with_a_user_of_its_own()
    {
        await using var pods = new TestPods(replicas: 3);
        PodVersion version = TestPods.Running("print(open('/proc/self/uid_map').read().split()[1])");
        ReplicaSet set = await pods.WaitAsync(version, s => s.Replicas.Count(r => r.State == Ready) == 3);
        Assert.Equal(3, set.Desired);
        Assert.Empty(set.Problem);
        Assert.Equal(3, set.Replicas.Select(r => r.Endpoint).Distinct().Count());
        if (MedCloudCare.Sandbox.SandboxLauncher.UsesHostUsers)
        {
            var users = new HashSet<uint>();
            foreach (int pid in Processes(pods))
            {
                users.Add(uint.Parse(File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture));
            }

            Assert.Equal(3, users.Count);
            Assert.DoesNotContain(0u, users);
        }
    }

    [SkippableFact]
    public async Task A_killed_replica_is_replaced_and_the_others_go_on()
    {
        await using var pods = new TestPods(replicas: 2);
        PodVersion version = TestPods.Running("pass");
        ReplicaSet before = await pods.WaitAsync(version, s => s.Replicas.Count(r => r.State == Ready) == 2);
        using (Process victim = Process.GetProcessById(Outermost(pods, before.Replicas[0])))
        {
            victim.Kill();
        }

        Assert.True(before.Replicas.All(r => r.Restarts == 0), $"{pods.Orchestrator.Report(version.Name).LastFailure} {string.Join(" | ", pods.Orchestrator.Report(version.Name).Log)}");
        ReplicaSet after = await pods.WaitAsync(version, s => s.Replicas.Count(r => r.State == Ready) == 2 && s.Replicas.Any(r => r.Restarts == 1));
        Assert.Single(after.Replicas.Select(r => r.Id).Intersect(before.Replicas.Select(r => r.Id)));
    }

    [SkippableFact]
    public async Task A_replica_that_is_pinged_while_it_idles_stays()
    {
        await using var pods = new TestPods(pingSeconds: 1);
        PodVersion version = TestPods.Running("pass");
        await pods.WaitAsync(version, s => s.Replicas.Any(r => r.State == Ready));
        var changes = new List<ReplicaSet>();
        // A server that minds pings gives up after two or three.
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        await foreach (ReplicaSet set in pods.Orchestrator.WatchAsync(version, enough.Token))
        {
            changes.Add(set);
        }

        Assert.Equal(Ready, Assert.Single(changes).Replicas[0].State);
    }

    [SkippableFact]
    public async Task A_stopped_replica_is_found_out_and_replaced()
    {
        await using var pods = new TestPods();
        Skip.If(pods.Host.Launcher.Cgroups.Usable.Count == 0, "This host has no control groups to find a pod's processes by.");
        PodVersion version = TestPods.Running("pass");
        ReplicaSet before = await pods.WaitAsync(version, s => s.Replicas.Count(r => r.State == Ready) == 1);
        foreach (int pid in Inside(before.Replicas[0]))
        {
            using Process stop = Process.Start("/bin/kill", ["-STOP", pid.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await stop.WaitForExitAsync();
        }

        await pods.WaitAsync(version, s => s.Replicas.Any(r => r.State == Ready && r.Id != before.Replicas[0].Id));
    }

    [SkippableFact]
    public async Task A_model_that_cannot_be_loaded_is_reported_in_words_with_its_log()
    {
        await using var pods = new TestPods();
        PodVersion version = TestPods.Version("print('about to fail')\nimport torch_of_tomorrow\n");
        ReplicaSet set = await pods.WaitAsync(version, s => s.Problem.Length > 0);
        Assert.Contains("No module named 'torch_of_tomorrow'", set.Problem, StringComparison.Ordinal);
        PodReport report = pods.Orchestrator.Report(version.Name);
        Assert.Contains("torch_of_tomorrow", report.LastFailure, StringComparison.Ordinal);
        Assert.Contains("about to fail", report.Log);
        Assert.Contains(report.Log, l => l.Contains("/model/main.py", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_version_that_was_only_warmed_runs_one_replica_until_it_is_watched()
    {
        await using var pods = new TestPods(replicas: 2);
        PodVersion version = TestPods.Running("pass");
        pods.Orchestrator.Warm(version);
        var clock = Stopwatch.StartNew();
        while (!pods.Orchestrator.Report(version.Name).Replicas.Replicas.Any(r => r.State == Ready))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "the warmed replica did not become ready");
            await Task.Delay(20);
        }

        Assert.Single(pods.Orchestrator.Report(version.Name).Replicas.Replicas);
        await pods.WaitAsync(version, s => s.Replicas.Count(r => r.State == Ready) == 2);
    }

    [SkippableFact]
    public async Task An_idle_version_sleeps_and_leaves_nothing_and_wakes_again()
    {
        await using var pods = new TestPods(idleMinutes: 0.01);
        PodVersion version = TestPods.Running("pass");
        await pods.WaitAsync(version, s => s.Replicas.Any(r => r.State == Ready));
        var clock = Stopwatch.StartNew();
        while (Processes(pods).Any() || Directory.EnumerateFileSystemEntries(Path.Combine(pods.Host.Directories.Root, "packages")).Any())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "the version did not fall asleep");
            await Task.Delay(100);
        }

        Assert.Empty(pods.Orchestrator.Report(version.Name).Replicas.Replicas);
        await pods.WaitAsync(version, s => s.Replicas.Any(r => r.State == Ready));
    }

    [SkippableFact]
    public async Task Nothing_stays_of_an_orchestrator_that_has_ended()
    {
        var pods = new TestPods();
        await pods.WaitAsync(TestPods.Running("pass"), s => s.Replicas.Any(r => r.State == Ready));
        int[] processes = [.. Processes(pods)];
        Assert.NotEmpty(processes);
        string root = pods.Host.Directories.Root;
        await pods.DisposeAsync();
        // The kernel ends what was inside a sandbox a moment after its outermost process.
        var clock = Stopwatch.StartNew();
        while (processes.Any(pid => Directory.Exists($"/proc/{pid}")))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), "a pod's process is still there");
            await Task.Delay(20);
        }

        Assert.False(Directory.Exists(root));
        Assert.False(Directory.Exists(Path.Combine("/sys/fs/cgroup/memory", Path.GetFileName(root))));
    }

    [SkippableFact]
    public async Task What_a_dead_service_left_in_memory_is_removed_by_the_next_and_what_a_live_one_uses_is_not()
    {
        await using var alive = new TestPods();
        string abandoned = Directory.CreateDirectory("/dev/shm/mcc-test-" + Guid.NewGuid().ToString("N")[..8]).FullName;
        await File.WriteAllTextAsync(Path.Combine(abandoned, "lock"), "");
        await File.WriteAllTextAsync(Path.Combine(abandoned, "weights"), "in the clear");
        await using var next = new TestPods();
        Assert.False(Directory.Exists(abandoned));
        Assert.True(Directory.Exists(alive.Host.Directories.Root));
    }

    /// <summary>The processes of the pods: those whose command line names this mesh's directory.</summary>
    private static IEnumerable<int> Processes(TestPods pods) => Commands()
        .Where(p => p.Command.Contains(pods.Host.Directories.Root, StringComparison.Ordinal) && p.Command.Contains("bwrap", StringComparison.Ordinal))
        .Select(p => p.Pid);

    private static int Outermost(TestPods pods, Replica replica) => Commands()
        .Where(p => p.Command.Contains(replica.Id, StringComparison.Ordinal)).Min(p => p.Pid);

    private static int[] Inside(Replica replica) =>
        [.. Read("cgroup").Where(p => p.Text.Contains(replica.Id, StringComparison.Ordinal)).Select(p => p.Pid)];

    private static IEnumerable<(int Pid, string Command)> Commands() => Read("cmdline");

    private static IEnumerable<(int Pid, string Text)> Read(string file)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out int pid))
            {
                string text;
                try
                {
                    text = File.ReadAllText(Path.Combine(directory, file));
                }
                catch (IOException)
                {
                    // It has just ended.
                    continue;
                }

                yield return (pid, text);
            }
        }
    }
}
