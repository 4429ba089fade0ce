using System.Net.Mail;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Accounts;

public sealed partial class AuthGrpc
{
    private const int MaximumEmail = 254;
    private const int MinimumPassword = 12;
    private const int MaximumPassword = 256;
    private const int MaximumDisplayName = 100;

    public override async Task<Account> Register(RegisterRequest request, ServerCallContext context)
    {
        Check(request.Email, request.Password, request.DisplayName);
        var state = request.Role switch
        {
            Role.HealthProfessional => Account.Types.State.Pending,
            Role.Researcher => Account.Types.State.Active,
            _ => throw MeshErrors.Invalid("role", "must be ROLE_HEALTH_PROFESSIONAL or ROLE_RESEARCHER"),
        };
        return seal.ToAccount(await accounts.CreateAsync(
            request.Email, request.Password, request.DisplayName, request.Role, state, context.CancellationToken));
    }

    public override async Task<Account> CreateAccount(CreateAccountRequest request, ServerCallContext context)
    {
        Check(request.Email, request.Password, request.DisplayName);
        if (request.Role is not (Role.HealthProfessional or Role.Researcher or Role.Administrator))
        {
            throw MeshErrors.Invalid("role", "must be one of the roles");
        }

        return seal.ToAccount(await accounts.CreateAsync(
            request.Email, request.Password, request.DisplayName, request.Role, Account.Types.State.Active, context.CancellationToken));
    }

    private static void Check(string email, string password, string displayName)
    {
        if (email.Length is 0 or > MaximumEmail || !MailAddress.TryCreate(email.Trim(), out var address) || address.Address != email.Trim())
        {
            throw MeshErrors.Invalid("email", $"must be an e-mail address of at most {MaximumEmail} characters");
        }

        if (password.Length is < MinimumPassword or > MaximumPassword)
        {
            throw MeshErrors.Invalid("password", $"must have {MinimumPassword} to {MaximumPassword} characters");
        }

        if (displayName.Trim().Length is 0 or > MaximumDisplayName || displayName.Any(char.IsControl))
        {
            throw MeshErrors.Invalid("display_name", $"must have 1 to {MaximumDisplayName} printable characters");
        }
    }
}
