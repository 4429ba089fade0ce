using System.Diagnostics;

namespace MedCloudCare.Cli.Launcher;

/// <summary>How to run a process.</summary>
/// <param name="Name">For state and log.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Environment">Its whole environment.</param>
/// <param name="Log">Where its outputs go.</param>
/// <param name="StopSignal">The signal that asks it to end.</param>
/// <param name="Grace">How long it may take to end before it is killed.</param>
internal sealed record ProcessPlan(
    string Name, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment, string Log, int StopSignal, TimeSpan Grace);

/// <summary>
/// Keeps one process running: starts it again whenever it ends, sooner if it lived long, later if it did not. It never
/// gives up, except when the process says that starting it again cannot help (exit code 78).
/// </summary>
internal sealed class SupervisedProcess(ProcessPlan plan, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongLife = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private volatile ProcessState _state = new(plan.Name, null, false, 0, null);
    private TimeSpan _delay = FirstDelay;
    private Task _loop = Task.CompletedTask;

    /// <summary>Raised after every change of <see cref="State"/>, from any thread.</summary>
    public event Action? Changed;

    /// <summary>How it runs.</summary>
    public ProcessPlan Plan { get; } = plan;

    /// <summary>What is known of it.</summary>
    public ProcessState State => _state;

    /// <summary>Completes with the last line of the log when the process ended with exit code 78.</summary>
    public TaskCompletionSource<string> Misconfigured { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts it and keeps it running.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Notes the result of a health check.</summary>
    public void ReportHealth(bool healthy)
    {
        if (_state.Healthy != healthy)
        {
            Update(s => s with { Healthy = healthy && s.Process is not null });
        }
    }

    /// <summary>Asks the process to end; it is started again at once (to read new certificates).</summary>
    public void Restart() => _ = _state.Process?.Signal(Plan.StopSignal);

    /// <summary>Ends the process, politely first, and does not start it again.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_state.Process is { } process)
        {
            await EndAsync(process, Plan.StopSignal, Plan.Grace).ConfigureAwait(false);
        }

        await _loop.ConfigureAwait(false);
    }

    /// <summary>Ends a process and what is left of its group.</summary>
    public static async Task EndAsync(ProcessIdentity process, int signal, TimeSpan grace)
    {
        if (process.Signal(signal) && !await process.WaitForEndAsync(grace).ConfigureAwait(false) && process.IsAlive)
        {
            Posix.SignalGroup(process.Pid, Posix.SigKill);
            await process.WaitForEndAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            long started = time.GetTimestamp();
            int code;
            try
            {
                code = await RunOnceAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception)
            {
                Update(s => s with { LastExit = e.Message });
                code = -1;
            }

            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (code == ExitCode.ServiceMisconfigured)
            {
                Misconfigured.TrySetResult(LogFiles.Tail(Plan.Log, 1).FirstOrDefault("no message"));
                return;
            }

            _delay = time.GetElapsedTime(started) >= LongLife ? FirstDelay : _delay;
            await Task.Delay(_delay, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _delay = _delay * 2 < LongestDelay ? _delay * 2 : LongestDelay;
            Update(s => s with { Restarts = s.Restarts + 1 });
        }
    }

    private async Task<int> RunOnceAsync()
    {
        LogFiles.Prepare(Plan.Log);
        // The shell appends both outputs to the log and replaces itself: the log goes on when the supervisor does not.
        // A session of its own keeps Ctrl-C in the supervisor's terminal from reaching it.
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec setsid \"$@\" >>\"$0\" 2>&1 </dev/null", Plan.Log, .. Plan.Command])
        {
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        foreach ((string name, string value) in Plan.Environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Update(s => s with { Process = ProcessIdentity.Of(process.Id), Healthy = false });
        if (_stopping.IsCancellationRequested && _state.Process is { } late)
        {
            await EndAsync(late, Plan.StopSignal, Plan.Grace).ConfigureAwait(false);
        }

        await process.WaitForExitAsync().ConfigureAwait(false);
        Update(s => s with { Process = null, Healthy = false, LastExit = Describe(process.ExitCode) });
        return process.ExitCode;
    }

    // .NET reports an end by signal N as exit code 128 + N, as shells do.
    private static string Describe(int code) => code > 128 ? $"ended by signal {code - 128}" : $"exit code {code}";

    private void Update(Func<ProcessState, ProcessState> change)
    {
        lock (_stopping)
        {
            _state = change(_state);
        }

        Changed?.Invoke();
    }
}
