using System.CommandLine;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Commands;

/// <summary>Options that several verbs take.</summary>
internal static class CommonOptions
{
    /// <summary>The mesh's data directory; every verb takes it.</summary>
    public static readonly Option<string?> Data = new("--data")
    {
        Description = "Data directory of the mesh (default: .data in the checkout).",
        HelpName = "DIR",
        Recursive = true,
    };

    /// <summary>Address of the gateway.</summary>
    public static readonly Option<string?> Url = new("--url")
    {
        Description = "HTTPS address of the mesh (default: the local mesh of --data).",
        HelpName = "URL",
    };

    /// <summary>A demo account instead of the stored login.</summary>
    public static readonly Option<string?> As = new("--as")
    {
        Description = "Act as a demo account of the local mesh instead of the stored login.",
        HelpName = "doctor|researcher|admin",
    };

    /// <summary>The authority to trust.</summary>
    public static readonly Option<string?> Authority = new("--cacert")
    {
        Description = "PEM file of the only authority to trust (default: pki/ca.crt in the data directory).",
        HelpName = "FILE",
    };

    /// <summary>Results as JSON.</summary>
    public static readonly Option<bool> Json = new("--json") { Description = "Write the result as JSON." };

    static CommonOptions() => As.AcceptOnlyFromAmong("doctor", "researcher", "admin");

    /// <summary>Adds what every verb that talks to the gateway takes.</summary>
    public static T WithConnection<T>(this T command) where T : Command
    {
        command.Add(Url);
        command.Add(As);
        command.Add(Authority);
        return command;
    }

    /// <summary>The data directory that the command line names.</summary>
    public static DataDirectory DataDirectory(this ParseResult parsed) => Launcher.DataDirectory.At(parsed.GetValue(Data));
}
