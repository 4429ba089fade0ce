using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.TestSupport;

namespace MedCloudCare.BrowserTests;

internal static class Publishing
{
    /// <summary>Publishes a directory as a new researcher, for everybody. Returns the name that the panel shows.</summary>
    public static async Task<string> PublishAsync(this MeshFixture mesh, string directory, string name)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var files = Directory.EnumerateFiles(directory).ToDictionary(file => Path.GetFileName(file)!, File.ReadAllBytes);
        return (await researcher.PublishAsync(files, name, bodyPart: "")).Model.Form.DisplayName;
    }

    /// <summary>Publishes the model of these tests, whose segments are ranges of the stored values (<see cref="ExpectedLabels"/>).</summary>
    public static Task<string> PublishTissueAsync(this MeshFixture mesh) =>
        mesh.PublishAsync(Path.Combine(AppContext.BaseDirectory, "models", "tissue"), "Tissue " + Guid.NewGuid().ToString("n")[..6]);
}
