using System.CommandLine;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Admin;

/// <summary><c>mcc admin list-users</c>: all accounts.</summary>
internal static class ListUsersCommand
{
    public static Command Create()
    {
        Command command = new("list-users", "List the accounts, newest first.") { CommonOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using OperatorConnection mesh = OperatorConnection.Open(parsed.DataDirectory());
            ResultList<Account> list = new(parsed.GetValue(CommonOptions.Json), ["EMAIL", "NAME", "ROLE", "STATE", "ACCOUNT"],
                a => [a.Email, a.DisplayName, a.Role.ToString(), a.State.ToString(), a.Name]);
            await foreach (Account account in mesh.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                list.Add(account);
            }

            list.Write();
            return ExitCode.Ok;
        });
        return command;
    }
}
