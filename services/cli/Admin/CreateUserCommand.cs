using System.CommandLine;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Cli.Admin;

/// <summary><c>mcc admin create-user</c>: an account of any role that is active at once.</summary>
internal static class CreateUserCommand
{
    public static Command Create()
    {
        Option<string> email = new("--email") { Description = "E-mail address, the name to sign in with.", HelpName = "ADDRESS", Required = true };
        Option<string> role = new("--role") { Description = "What the account is for.", Required = true };
        role.AcceptOnlyFromAmong("doctor", "researcher", "admin");
        Option<string?> name = new("--name") { Description = "Display name (default: the address before the @).", HelpName = "NAME" };
        Command command = new("create-user", "Create an account that is active at once. The password is read from standard input, or asked for.") { email, role, name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string address = parsed.GetRequiredValue(email);
            using OperatorConnection mesh = OperatorConnection.Open(parsed.DataDirectory());
            Account made = await mesh.Accounts.CreateAccountAsync(new CreateAccountRequest
            {
                Email = address,
                DisplayName = parsed.GetValue(name) ?? address.Split('@')[0],
                Role = RoleOf(parsed.GetRequiredValue(role)),
                Password = PasswordInput.Read($"Password of {address}: ", repeat: true),
            }, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Result(made.Name);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The role that a word of the command line means.</summary>
    internal static Role RoleOf(string word) => word switch
    {
        "doctor" => Role.HealthProfessional,
        "researcher" => Role.Researcher,
        _ => Role.Administrator,
    };
}
