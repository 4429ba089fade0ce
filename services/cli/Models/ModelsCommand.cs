using System.CommandLine;
using MedCloudCare.Cli.Publish;

namespace MedCloudCare.Cli.Models;

/// <summary><c>mcc models</c>: publish and look after AI models.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "Publish, list and look after AI models.")
    {
        PublishCommand.Create(),
        ListModelsCommand.Create(),
        ShowModelCommand.Create(),
        ListVersionsCommand.Create(),
        ActivateCommand.Create(),
        DeploymentCommand.Create(),
    };
}
