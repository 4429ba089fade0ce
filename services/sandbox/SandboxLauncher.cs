using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace MedCloudCare.Sandbox;

/// <summary>
/// Starts processes in a bubblewrap sandbox: namespaces of their own for users, processes, network, IPC, host name and
/// mounts; of the host only <c>/usr</c> read-only and what the spec names; a seccomp filter; limits by cgroup where the host
/// lets us, by rlimit everywhere (never of address space, which breaks PyTorch). When the service is root, the whole sandbox,
/// bubblewrap included, runs as an unprivileged host user without capabilities.
/// </summary>
/// <remarks>
/// A sandbox dies with the thread that started it (PR_SET_PDEATHSIG is tied to the thread, not to the process), so all are
/// started by one thread that lives as long as the process.
/// </remarks>
public sealed class SandboxLauncher : IDisposable
{
    private const string Bubblewrap = "/usr/bin/bwrap";
    private const int FileDescriptors = 4096;

    private const int FirstFileDescriptor = 3;

    // Joins the cgroups (a 0 means oneself), opens the filter and the files while it may, becomes the sandbox.
    private const string Script =
        "n=$1; shift; while [ \"$n\" -gt 0 ]; do echo 0 > \"$1\" || exit 71; shift; n=$((n-1)); done; exec 9<\"$1\"; shift; " +
        "n=$1; f=3; shift; while [ \"$n\" -gt 0 ]; do eval \"exec $f<\\\"\\$1\\\"\" || exit 72; shift; f=$((f+1)); n=$((n-1)); done; " +
        "[ \"$1\" = input ] || exec </dev/null; shift; exec \"$@\"";

    private readonly BlockingCollection<Action> _starts = [];
    private readonly Thread _thread;
    private readonly string _filter;

    /// <param name="directory">Directory for the filter program.</param>
    /// <param name="cgroups">The host's control groups.</param>
    public SandboxLauncher(string directory, Cgroups cgroups)
    {
        Cgroups = cgroups;
        _filter = Path.Combine(directory, "seccomp.bpf");
        File.WriteAllBytes(_filter, SeccompFilter.Build());
        _thread = new Thread(StartAll) { IsBackground = true, Name = "sandboxes" };
        _thread.Start();
    }

    /// <summary>The host's control groups.</summary>
    public Cgroups Cgroups { get; }

    /// <summary>Whether sandboxes run as host users of their own.</summary>
    public static bool UsesHostUsers => Posix.IsRoot;

    /// <summary>Starts a sandbox. Output and error, and input if the spec has it, are pipes of the caller.</summary>
    /// <exception cref="IOException">The cgroup could not be made.</exception>
    /// <exception cref="ArgumentException">Too many files.</exception>
    public Process Start(SandboxSpec spec)
    {
        if (spec.Files.Count > SandboxSpec.MaxFiles)
        {
            throw new ArgumentException($"More than {SandboxSpec.MaxFiles} files.", nameof(spec));
        }

        IReadOnlyList<string> joins = Cgroups.Create(spec.Name, spec.Limits);
        var info = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = spec.HasInput,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // Nothing of the service's own environment (its configuration, its secrets) reaches the sandbox.
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/bin:/bin";
        IEnumerable<string> arguments =
        [
            "-c", Script, "sandbox", Text(joins.Count), .. joins, _filter, Text(spec.Files.Count), .. spec.Files.Select(f => f.Outside),
            spec.HasInput ? "input" : "none", .. Outer(spec), .. Inner(spec),
        ];
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception error)
            {
                started.SetException(error);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    /// <summary>Why sandboxes cannot be started on this host, or null if they can.</summary>
    public static string? Obstacle()
    {
        if (!File.Exists(Bubblewrap))
        {
            return "bubblewrap (/usr/bin/bwrap) is not installed";
        }

        var info = new ProcessStartInfo(Bubblewrap) { RedirectStandardError = true };
        foreach (string argument in (string[])["--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "/bin/true"])
        {
            info.ArgumentList.Add(argument);
        }

        using Process probe = Process.Start(info)!;
        string error = probe.StandardError.ReadToEnd();
        probe.WaitForExit();
        return probe.ExitCode == 0 ? null : $"bubblewrap cannot make namespaces here: {error.Trim()}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _starts.CompleteAdding();
        _thread.Join();
        _starts.Dispose();
    }

    private void StartAll()
    {
        foreach (Action start in _starts.GetConsumingEnumerable())
        {
            start();
        }
    }

    /// <summary>Drops what the service has: user, groups, capabilities; sets the rlimits.</summary>
    private IEnumerable<string> Outer(SandboxSpec spec)
    {
        if (UsesHostUsers)
        {
            yield return "/usr/bin/setpriv";
            yield return $"--reuid={spec.User}";
            yield return $"--regid={spec.Group}";
            yield return "--clear-groups";
            yield return "--inh-caps=-all";
            yield return "--bounding-set=-all";
            yield return "--no-new-privs";
        }

        yield return "/usr/bin/prlimit";
        yield return "--core=0";
        yield return $"--nofile={FileDescriptors}";
        yield return $"--fsize={(long)spec.Limits.TemporaryMiB << 20}";
        if (spec.Limits.DataMiB > 0)
        {
            yield return $"--data={(long)spec.Limits.DataMiB << 20}";
        }

        if (UsesHostUsers && !Cgroups.Usable.Contains("pids"))
        {
            // Counted per host user: without one of its own the limit would be that of the service's user.
            yield return $"--nproc={spec.Limits.Processes}";
        }
    }

    private static IEnumerable<string> Inner(SandboxSpec spec)
    {
        string half = Text((long)Math.Max(1, spec.Limits.TemporaryMiB) << 20);
        List<string> arguments =
        [
            Bubblewrap, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--uid", "1000", "--gid", "1000", "--hostname", "pod", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
            "--seccomp", "9", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",
            "--ro-bind", "/usr", "/usr", "--size", "4096", "--tmpfs", "/usr/local", "--remount-ro", "/usr/local",
            "--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
            "--proc", "/proc", "--dev", "/dev", "--size", half, "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--size", half, "--tmpfs", "/tmp",
        ];
        foreach (string link in (string[])["bin", "sbin", "lib", "lib32", "lib64", "libx32"])
        {
            // With merged /usr these are links; older layouts have directories.
            string path = "/" + link;
            if (new DirectoryInfo(path).LinkTarget is string target)
            {
                arguments.AddRange(["--symlink", target, path]);
            }
            else if (Directory.Exists(path))
            {
                arguments.AddRange(["--ro-bind", path, path]);
            }
        }

        foreach ((string name, string value) in spec.Environment)
        {
            arguments.AddRange(["--setenv", name, value]);
        }

        foreach ((string outside, string inside) in spec.ReadOnly)
        {
            arguments.AddRange(["--ro-bind", outside, inside]);
        }

        for (int i = 0; i < spec.Files.Count; i++)
        {
            arguments.AddRange(["--ro-bind-data", Text(FirstFileDescriptor + i), spec.Files[i].Inside]);
        }

        foreach ((string outside, string inside) in spec.Writable)
        {
            arguments.AddRange(["--bind", outside, inside]);
        }

        arguments.AddRange(["--remount-ro", "/", "--chdir", "/tmp", "--"]);
        return arguments.Concat(spec.Command);
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
