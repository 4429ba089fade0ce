using System.Text.Json;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>The command line as one user has it: with a login of its own, apart from that of who runs the tests.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly MeshFixture _mesh;
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("mcc-home-");

    private CommandLine(MeshFixture mesh) => _mesh = mesh;

    /// <summary>A directory for files of the test; gone with this.</summary>
    public string Folder(string name) => _home.CreateSubdirectory(name).FullName;

    /// <summary>Signs in.</summary>
    public static async Task<CommandLine> LoginAsync(MeshFixture mesh, TestUser user)
    {
        var line = new CommandLine(mesh);
        (await line.RunAsync(["login", "--email", user.Email], user.Password)).EnsureSuccess();
        return line;
    }

    public Task<ProgramResult> RunAsync(IEnumerable<string> arguments, string input = "") => Programs.RunAsync(
        "dotnet",
        [Checkout.Launcher, .. arguments, "--data", _mesh.Data],
        input,
        new Dictionary<string, string> { ["MCC_ROOT"] = Checkout.Root, ["XDG_CONFIG_HOME"] = _home.FullName, ["NO_COLOR"] = "1" });

    /// <summary>Runs a verb with --json; what is on standard output must be JSON and nothing else.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments) =>
        JsonDocument.Parse((await RunAsync([.. arguments, "--json"])).EnsureSuccess().Output).RootElement;

    public void Dispose() => _home.Delete(recursive: true);
}
