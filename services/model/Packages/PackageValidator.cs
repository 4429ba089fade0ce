using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Pods;
using MedCloudCare.Sandbox;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Models.Packages;

/// <summary>
/// Checks a package's Python sources without executing them: a sandboxed interpreter with small limits parses them
/// (services/pods/python/validator) and reports in JSON. What crashes or stalls the parser is refused like a syntax error.
/// </summary>
public sealed class PackageValidator(PodHost host)
{
    private const long SourceBytes = 32 << 20;
    private const int ReportCharacters = 64 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(25);
    private static readonly SandboxLimits s_limits = new(MemoryMiB: 512, TemporaryMiB: 16, Processes: 8, Cpus: 1);

    private static readonly Dictionary<string, Reason> s_reasons =
        Enum.GetValues<Reason>().Where(r => r.ToString().StartsWith("Model", StringComparison.Ordinal)).ToDictionary(MeshErrors.NameOf);

    /// <summary>Checks the sources of a package.</summary>
    /// <exception cref="PackageException">One of the MODEL_* reasons, with file, line and column.</exception>
    /// <exception cref="Grpc.Core.RpcException">UNAVAILABLE: this host cannot run sandboxes.</exception>
    public async Task CheckAsync(IncomingPackage package, InferType task, CancellationToken cancellationToken)
    {
        if (!package.Files.Any(f => f.Path == "main.py"))
        {
            throw new PackageException(Reason.ModelMainMissing, "The package has no main.py at its top level.");
        }

        List<PackageFile> sources = [.. package.Files.Where(f => f.Path.EndsWith(".py", StringComparison.Ordinal))];
        if (sources.Sum(f => f.Size) > SourceBytes)
        {
            throw new PackageException(Reason.LimitExceeded, $"The Python sources of a package have at most {SourceBytes} bytes.",
                ("limit", "source bytes"), ("maximum", SourceBytes.ToString(CultureInfo.InvariantCulture)));
        }

        uint user = host.Users.Take();
        string? directory = null;
        try
        {
            var sourcesOnly = new PodVersion(new VersionName(package.Version, 0), task, "", sources.Sum(f => f.Size), (to, cancel) => UnpackAsync(package, sources, to, cancel));
            directory = await host.Directories.UnpackAsync(sourcesOnly, user, cancellationToken);
            Judge(await RunAsync(directory, user, task, cancellationToken));
        }
        finally
        {
            if (directory is not null)
            {
                PodDirectories.Remove(directory);
            }

            host.Users.Return(user);
        }
    }

    private static async Task UnpackAsync(IncomingPackage package, List<PackageFile> sources, string directory, CancellationToken cancellationToken)
    {
        foreach (PackageFile source in sources)
        {
            string target = Path.Combine(directory, source.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await using FileStream output = File.Create(target);
            await using SealedFileStream input = package.Open(source);
            await input.CopyToAsync(output, cancellationToken);
        }
    }

    /// <summary>The validator's report; empty if it crashed or stalled.</summary>
    private async Task<string> RunAsync(string directory, uint user, InferType task, CancellationToken cancellationToken)
    {
        string name = "check-" + Guid.NewGuid().ToString("N")[..12];
        using Process process = host.Launcher.Start(new SandboxSpec
        {
            Name = name,
            Command = ["/usr/bin/python3", "-I", "-S", "-B", "/opt/runtime/validator/check.py", "--task", task.ToString().ToLowerInvariant(), "/model"],
            User = user,
            Group = user,
            ReadOnly = [(host.Directories.Runtime, "/opt/runtime"), (directory, "/model")],
            Limits = s_limits,
        });
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(s_patience);
        var errors = new List<string>();
        Task reading = LineReader.ReadAsync(process.StandardError, line =>
        {
            if (errors.Count < 5)
            {
                errors.Add(line);
            }
        });
        try
        {
            char[] buffer = new char[ReportCharacters];
            int length = await process.StandardOutput.ReadBlockAsync(buffer, late.Token);
            await process.WaitForExitAsync(late.Token);
            if (process.ExitCode is 0)
            {
                return new string(buffer, 0, length);
            }

            // The sandbox itself says "bwrap: …"; anything else is the parser's end.
            return errors.Any(e => e.StartsWith("bwrap:", StringComparison.Ordinal))
                ? throw MeshErrors.Unavailable("The package cannot be checked: this host cannot run sandboxes.")
                : "";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "";
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }

            await reading;
            host.Reaper.Remove(name);
        }
    }

    private static void Judge(string report)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(report);
            JsonElement root = document.RootElement;
            string reason = root.GetProperty("reason").GetString() ?? "";
            if (reason == "OK")
            {
                return;
            }

            (string, string)[] details = [.. from key in (string[])["file", "line", "column"] where root.TryGetProperty(key, out _) select (key, root.GetProperty(key).ToString())];
            throw new PackageException(s_reasons[reason], root.GetProperty("message").GetString() ?? "", details);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new PackageException(Reason.ModelSyntaxError, "The sources cannot be parsed within the limits of time and memory.", ("file", "main.py"), ("line", "1"), ("column", "1"));
        }
    }
}
