using System.CommandLine;
using System.Runtime.InteropServices;
using Grpc.Core;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli;

/// <summary>Parses the command line, runs the verb, and turns what it throws into one line and an exit code.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        ParseResult parsed = root.Parse(arguments);
        using CancellationTokenSource stop = new();
        void OnSignal(PosixSignalContext context)
        {
            // The second signal is left to the runtime: it ends the process at once.
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);

        InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            int code = await parsed.InvokeAsync(configuration, stop.Token).ConfigureAwait(false);
            return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
        }
        catch (Exception e)
        {
            return Report(e, stop.IsCancellationRequested);
        }
    }

    internal static int Report(Exception error, bool interrupted)
    {
        switch (error)
        {
            // What gets the token for a call throws inside the call.
            case RpcException { Status.DebugException: CliException or RpcException } e:
                return Report(e.Status.DebugException, interrupted);
            case CliException e:
                Terminal.Error(e.Message, e.Hint);
                return e.ExitCode;
            case OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled } when interrupted:
                Terminal.Error("Interrupted.", null);
                return ExitCode.Interrupted;
            case RpcException e:
                RpcProblem problem = RpcProblem.Of(e);
                Terminal.Error(problem.Line, problem.Hint);
                return problem.ExitCode;
            case IOException or UnauthorizedAccessException:
                Terminal.Error(error.Message, null);
                return ExitCode.Refused;
            default:
                Terminal.Error($"{error.GetType().Name}: {error.Message}", "This is a fault of mcc. Set MCC_TRACE=1 to see where.");
                if (Environment.GetEnvironmentVariable("MCC_TRACE") == "1")
                {
                    Console.Error.WriteLine(error);
                }

                return ExitCode.Refused;
        }
    }
}
