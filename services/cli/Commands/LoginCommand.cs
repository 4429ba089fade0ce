using System.CommandLine;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc login</c>: starts a session and keeps it for the following commands.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        Option<string> email = new("--email") { Description = "E-mail address of the account.", HelpName = "ADDRESS", Required = true };
        Command command = new("login", "Sign in. The password is read from standard input, or asked for; the session is kept under $XDG_CONFIG_HOME/medcloudcare (0600).")
        {
            email,
            CommonOptions.Url,
            CommonOptions.Authority,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed.GetValue(CommonOptions.Url), parsed.GetValue(CommonOptions.Authority), null, parsed.GetValue(CommonOptions.Data));
            string address = parsed.GetRequiredValue(email);
            SessionTokens tokens = await mesh.SignIn.SignInAsync(
                new SignInRequest { Email = address, Password = PasswordInput.Read($"Password of {address}: ", repeat: false) },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            await mesh.Session.StoreAsync(tokens, cancellationToken).ConfigureAwait(false);
            Terminal.Note($"Signed in to {mesh.Url} as {tokens.Account.DisplayName} ({tokens.Account.Role}).");
            if (tokens.Account.State == Account.Types.State.Pending)
            {
                Terminal.Note("The account waits for an administrator's approval; until then it can do nothing else.");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
