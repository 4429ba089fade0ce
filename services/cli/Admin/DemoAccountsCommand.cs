using System.CommandLine;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Demo;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Admin;

/// <summary><c>mcc admin demo-accounts</c>: one account of each role, for <c>--as</c>.</summary>
internal static class DemoAccountsCommand
{
    public static Command Create()
    {
        Command command = new("demo-accounts", "Make one account of each role with a random password, for --as. Prints them; doing it again changes nothing.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Show(await DemoAccounts.EnsureAsync(parsed.DataDirectory(), cancellationToken).ConfigureAwait(false));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Prints the credentials.</summary>
    internal static void Show(DemoAccounts accounts)
    {
        TextTable table = new("ACCOUNT", "EMAIL", "PASSWORD");
        table.Add("doctor", accounts.Doctor.Email, accounts.Doctor.Password);
        table.Add("researcher", accounts.Researcher.Email, accounts.Researcher.Password);
        table.Add("admin", accounts.Admin.Email, accounts.Admin.Password);
        table.Write();
    }
}
