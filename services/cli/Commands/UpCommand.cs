using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc up</c>: starts the mesh, in the foreground or behind it.</summary>
internal static class UpCommand
{
    internal static readonly Option<int> Http = Port("--http", MeshOptions.DefaultHttp, "Public HTTP port on loopback; 0 takes a free one.");
    internal static readonly Option<int> Https = Port("--https", MeshOptions.DefaultHttps, "Public HTTPS port on loopback (HTTP/1.1, HTTP/2, gRPC); 0 takes a free one.");
    internal static readonly Option<string?> Dicom = DoorPort("--dicom", DoorPorts.StandardPlain, "without TLS");
    internal static readonly Option<string?> DicomTls = DoorPort("--dicom-tls", DoorPorts.StandardTls, "with TLS");
    internal static readonly Option<int> Replicas = new("--replicas")
    {
        Description = "Pods of each awake model version.",
        HelpName = "N",
        DefaultValueFactory = _ => MeshOptions.DefaultReplicas,
    };

    internal static readonly Option<string> Otlp = new("--otlp")
    {
        Description = "OTLP endpoint for traces and metrics (default: none).",
        HelpName = "URL",
        DefaultValueFactory = _ => "",
    };

    internal static readonly Option<string?> Only = new("--only")
    {
        Description = "Start only these services (auth,study,…): for work on one of them.",
        HelpName = "NAMES",
        Hidden = true,
    };

    private static readonly Option<bool> Detach = new("--detach", "-d") { Description = "Return when the mesh is ready and leave it running." };

    public static Command Create()
    {
        Replicas.Validators.Add(r => Check(r, r.GetValue(Replicas) is >= 1 and <= 32, "--replicas takes 1 to 32."));
        Command command = new("up", "Start the mesh (again): database, services, gateway. Waits until all of them are well.") { Http, Https, Dicom, DicomTls, Replicas, Otlp, Only, Detach };
        ObjectStoreOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            MeshOptions options = OptionsOf(parsed);
            return parsed.GetValue(Detach)
                ? await DetachedAsync(data, options, cancellationToken).ConfigureAwait(false)
                : await ForegroundMesh.RunAsync(data, options, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    internal static MeshOptions OptionsOf(ParseResult parsed) =>
        new(parsed.GetValue(Http), parsed.GetValue(Https), parsed.GetValue(Replicas), parsed.GetValue(Otlp) ?? "",
            parsed.GetValue(Only)?.Split(','))
        {
            Objects = ObjectStoreOptions.ChoiceOf(parsed),
            Door = new DoorPorts(DoorPortOf(parsed.GetValue(Dicom)), DoorPortOf(parsed.GetValue(DicomTls))),
        };

    /// <summary>Starts a supervisor of its own session and waits until the mesh is ready.</summary>
    internal static async Task<int> DetachedAsync(DataDirectory data, MeshOptions options, CancellationToken cancellationToken)
    {
        if (MeshState.Read(data) is { IsSupervised: true } running)
        {
            Terminal.Note($"The mesh of '{data.Root}' is running already.");
            return await BackgroundMesh.WaitUntilReadyAsync(data, running.Supervisor, Stopwatch.StartNew(), cancellationToken).ConfigureAwait(false);
        }

        data.Create();
        options.Objects?.Settle(data);
        string log = LogFiles.PathOf(data, "supervisor");
        LogFiles.Prepare(log);
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", log, Environment.ProcessPath!, typeof(UpCommand).Assembly.Location,
            "supervise", "--data", data.Root, "--http", Text(options.Http), "--https", Text(options.Https), "--replicas", Text(options.Replicas), "--otlp", options.Otlp,
            .. DoorArguments("--dicom", options.Door.Plain), .. DoorArguments("--dicom-tls", options.Door.Tls),
            .. options.Only is null ? [] : new[] { "--only", string.Join(',', options.Only) }])
        {
            WorkingDirectory = "/",
        };
        start.Environment["MCC_ROOT"] = RepositoryLayout.Find().Root;
        using Process process = Process.Start(start)!;
        ProcessIdentity supervisor = ProcessIdentity.Of(process.Id) ?? throw CliException.Failed("The supervisor ended at once.", $"Its log: {log}");
        return await BackgroundMesh.WaitUntilReadyAsync(data, supervisor, Stopwatch.StartNew(), cancellationToken).ConfigureAwait(false);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string[] DoorArguments(string option, int? port) => DoorPorts.TextOf(port) is { } text ? [option, text] : [];

    private static int? DoorPortOf(string? text) => DoorPorts.TryParse(text, out int? port) ? port : null;

    private static Option<string?> DoorPort(string name, int standard, string how)
    {
        Option<string?> option = new(name)
        {
            Description = $"Port of the DICOM network door (C-STORE, C-ECHO) {how} on loopback; 0 takes a free one (default: {standard} if it is free, else a free one).",
            HelpName = "PORT|off",
        };
        option.Validators.Add(r => Check(r, DoorPorts.TryParse(r.GetValue(option), out _), $"{name} takes 0 to 65535, or off."));
        return option;
    }

    private static Option<int> Port(string name, int standard, string description)
    {
        Option<int> option = new(name) { Description = description, HelpName = "PORT", DefaultValueFactory = _ => standard };
        option.Validators.Add(r => Check(r, r.GetValue(option) is >= 0 and <= 65535, $"{name} takes 0 to 65535."));
        return option;
    }

    private static void Check(System.CommandLine.Parsing.OptionResult result, bool valid, string message)
    {
        if (!valid)
        {
            result.AddError(message);
        }
    }
}
