using System.CommandLine;

namespace MedCloudCare.Cli.Admin;

/// <summary><c>mcc admin</c>: what the operator of a mesh does, with the operator's certificate of the data directory.</summary>
internal static class AdminCommand
{
    public static Command Create() => new("admin", "Manage accounts as the operator of the local mesh (needs read access to its data directory).")
    {
        CreateUserCommand.Create(),
        ApproveCommand.Create(),
        ListUsersCommand.Create(),
        DemoAccountsCommand.Create(),
    };
}
