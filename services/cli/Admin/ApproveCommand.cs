using System.CommandLine;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Admin;

/// <summary><c>mcc admin approve</c>: lets a registered health professional in.</summary>
internal static class ApproveCommand
{
    public static Command Create()
    {
        Argument<string> who = new("email") { Description = "E-mail address, or accounts/UUID." };
        Command command = new("approve", "Approve a health professional whose certificate has been validated.") { who };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string named = parsed.GetRequiredValue(who);
            using OperatorConnection mesh = OperatorConnection.Open(parsed.DataDirectory());
            string account = await mesh.AccountNameAsync(named, cancellationToken).ConfigureAwait(false);
            Account approved = await mesh.Accounts.ApproveAccountAsync(new ApproveAccountRequest { Name = account },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Result($"{approved.Name}  {Terminal.Safe(approved.Email)}  {approved.State.ToString().ToLowerInvariant()}");
            return ExitCode.Ok;
        });
        return command;
    }
}
