using System.CommandLine;
using System.Globalization;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Models;

/// <summary><c>mcc models deployment</c>: how the pods of a version are.</summary>
internal static class DeploymentCommand
{
    public static Command Create()
    {
        Argument<string> model = new("model") { Description = "Display name or models/UUID (its active version), or models/UUID/versions/NUMBER." };
        Command command = new Command("deployment", "Show the pods of a version: replicas, restarts, last failure, last lines of the log.") { model, CommonOptions.Json }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            string version = await ModelNames.ResolveVersionAsync(mesh, parsed.GetRequiredValue(model), cancellationToken).ConfigureAwait(false);
            Deployment deployment = await mesh.Models.GetDeploymentAsync(new GetDeploymentRequest { Name = version + "/deployment" },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(CommonOptions.Json))
            {
                Terminal.Result(MessageJson.Of(deployment));
            }
            else
            {
                Show(deployment);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Show(Deployment deployment)
    {
        ReplicaSet set = deployment.Replicas ?? new ReplicaSet();
        Terminal.Result($"replicas  {set.Replicas.Count(r => r.State == Replica.Types.State.Ready)} ready, {set.Desired} wanted");
        foreach ((string label, string text) in new[] { ("problem", set.Problem), ("failure", deployment.LastFailure) }.Where(l => l.Item2.Length > 0))
        {
            Terminal.Result($"{label}   {Terminal.Safe(text)}");
        }

        TextTable table = new("REPLICA", "STATE", "RESTARTS");
        foreach (Replica replica in set.Replicas)
        {
            table.Add(replica.Id, replica.State.ToString().ToLowerInvariant(), replica.Restarts.ToString(CultureInfo.InvariantCulture));
        }

        table.Write();
        foreach (string line in deployment.Log)
        {
            Terminal.Result("| " + Terminal.Safe(line));
        }
    }
}
