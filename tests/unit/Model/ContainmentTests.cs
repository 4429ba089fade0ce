using MedCloudCare.Model.V1;
using MedCloudCare.Models.Pods;
using MedCloudCare.Pod.V1;

namespace MedCloudCare.Models.Tests;

/// <summary>Hostile models in real sandboxes.</summary>
public sealed class ContainmentTests
{
    [SkippableFact]
    public async Task A_model_sees_nothing_of_the_host()
    {
        await using var pods = new TestPods();
        string secret = Path.Combine(pods.Home, "keyring.json");
        await File.WriteAllTextAsync(secret, "secret");
        string[] paths =
        [
            "/etc/shadow", "/etc/passwd", "/etc/ssl", secret, pods.Home, Repository.Root, "/root", "/home", "/work", "/var", "/run/user", "/sys/fs/cgroup",
            pods.Host.Directories.Root, Path.Combine(pods.Host.Directories.Root, "packages"), "/dev/vda", "/dev/mem", "/usr/local/bin",
        ];
        TestPods.Outcome outcome = await pods.InferAsync(TestPods.Running($$"""
            seen = [p for p in {{Python(paths)}} if os.path.exists(p)]
            print("sees", seen)
            print("root", sorted(os.listdir("/")))
            print("user", os.getuid(), os.getgid())
            print("files", sorted(os.readlink("/proc/self/fd/" + f) for f in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + f)))
            print("processes", sorted(int(p) for p in os.listdir("/proc") if p.isdigit()))
            print("environment", sorted(os.environ))
            status = open("/proc/self/status").read().splitlines()
            print("caps", sum(int(l.split()[1], 16) for l in status if l.startswith(("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"))))
            print("modes", [l.split()[1] for l in status if l.startswith(("NoNewPrivs", "Seccomp:"))])
            """));
        Assert.True(outcome.Done, Describe(outcome));
        string log = string.Join('\n', outcome.Log);
        Assert.Contains("sees []", outcome.Log);
        Assert.Contains("user 1000 1000", outcome.Log);
        Assert.Contains("caps 0", outcome.Log);
        Assert.Contains("modes ['1', '2']", outcome.Log);
        Assert.Contains("root ['bin', 'dev', 'etc', 'lib', 'lib64', 'model', 'opt', 'proc', 'run', 'sbin', 'tmp', 'usr']", log, StringComparison.Ordinal);
        Assert.Contains("processes [1, 2, ", log, StringComparison.Ordinal);
        Assert.DoesNotContain(pods.Host.Directories.Root, log, StringComparison.Ordinal);
        Assert.DoesNotContain("MCC_", log, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("socket.socket(socket.AF_INET)")]
    [InlineData("socket.socket(socket.AF_INET6)")]
    [InlineData("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)")]
    [InlineData("socket.create_connection(('127.0.0.1', 80), 2)")]
    [InlineData("open('/usr/x', 'w')")]
    [InlineData("open('/model/x', 'w')")]
    [InlineData("open('/run/pod/x', 'w')")]
    [InlineData("open('/x', 'w')")]
    [InlineData("open('/etc/x', 'w')")]
    [InlineData("open('/dev/x', 'w')")]
    [InlineData("open('/model/main.py', 'a')")]
    [InlineData("os.remove('/run/pod/pod.sock')")]
    [InlineData("os.setuid(0)")]
    [InlineData("os.chroot('/tmp')")]
    [InlineData("os.mknod('/tmp/d', 0o60600, 0xfe00)")]
    [InlineData("check(libc.unshare(0x10000000))")]
    [InlineData("check(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))")]
    [InlineData("check(libc.ptrace(16, 1, 0, 0))")]
    [InlineData("check(libc.syscall(425, 8, 0))")]
    [InlineData("check(libc.syscall(321, 0, 0, 0))")]
    [InlineData("check(libc.syscall(250, 0, 0, 0))")]
    [InlineData("check(libc.syscall(56, 0x10000011, 0, 0, 0, 0))")]
    [InlineData("check(libc.process_vm_readv(2, 0, 0, 0, 0, 0))")]
    [InlineData("open('/proc/2/mem', 'rb')")]
    [InlineData("os.kill(1, 9) or open('/proc/1/root/etc/shadow')")]
    public async Task A_model_may_not(string attempt)
    {
        await using var pods = new TestPods();
        TestPods.Outcome outcome = await pods.InferAsync(TestPods.Running($"""
            import ctypes, socket
            libc = ctypes.CDLL(None, use_errno=True)
            def check(result):
                if result < 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            try:
                {attempt}
            except OSError as error:
                print("contained", error)
                return Measurements([])
            raise RuntimeError("escaped")
            """));
        Assert.True(outcome.Done, Describe(outcome));
        Assert.Contains(outcome.Log, l => l.StartsWith("contained", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("x = bytearray(50 << 30)", "touched in one go")]
    [InlineData("x = []\nwhile True:\n    x.append(bytearray(os.urandom(1 << 20)) * 8)", "bit by bit")]
    [InlineData("while True:\n    os.fork()", "fork bomb")]
    [InlineData("import threading\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()", "thread bomb")]
    [InlineData("f = open('/tmp/fill', 'wb')\nwhile True:\n    f.write(bytes(1 << 20))", "fills its disk")]
    [InlineData("for i in range(1 << 20):\n    open(f'/dev/shm/{i}', 'wb').write(bytes(8 << 20))", "fills its shared memory")]
    public async Task A_model_that_takes_everything_fails_with_a_limit_and_the_pod_goes_on(string body, string how)
    {
        await using var pods = new TestPods();
        PodVersion version = TestPods.Running($"if task.job == 'bad':\n{Indent(body)}");
        Skip.If(!pods.Host.Launcher.Cgroups.Usable.Contains("pids") || !pods.Host.Launcher.Cgroups.LimitsMemory, "This host has no control groups.");
        ReplicaSet set = await pods.WaitAsync(version, s => s.Replicas.Any(r => r.State == Replica.Types.State.Ready));
        TestPods.Outcome outcome = await TestPods.InferAsync(set.Replicas[0], "bad");
        Assert.True(outcome.Failure is not null, how);
        Assert.True(Failure.Types.Kind.LimitExceeded == outcome.Failure.Kind, Describe(outcome));
        TestPods.Outcome next = await pods.InferAsync(version);
        Assert.True(next.Done, Describe(next));
    }

    [SkippableFact]
    public async Task A_model_that_kills_its_server_costs_its_own_replica_only()
    {
        await using var pods = new TestPods();
        PodVersion hostile = TestPods.Running("os.kill(-1, 9)");
        PodVersion other = TestPods.Running("print('well')");
        ReplicaSet before = await pods.WaitAsync(hostile, s => s.Replicas.Any(r => r.State == Replica.Types.State.Ready));
        await pods.WaitAsync(other, s => s.Replicas.Any(r => r.State == Replica.Types.State.Ready));
        await Assert.ThrowsAnyAsync<Grpc.Core.RpcException>(() => TestPods.InferAsync(before.Replicas[0]));
        ReplicaSet after = await pods.WaitAsync(hostile, s => s.Replicas.Any(r => r.State == Replica.Types.State.Ready && r.Id != before.Replicas[0].Id));
        Assert.Equal(1, after.Replicas[0].Restarts);
        Assert.True((await pods.InferAsync(other)).Done);
    }

    private static string Indent(string body) => string.Join('\n', body.Split('\n').Select(l => "    " + l));

    private static string Python(string[] values) => "[" + string.Join(", ", values.Select(v => $"'{v}'")) + "]";

    private static string Describe(TestPods.Outcome outcome) => $"{outcome.Failure} {string.Join('\n', outcome.Log)}";
}
