using MedCloudCare.Accounts.Data;
using MedCloudCare.Accounts.Passwords;
using MedCloudCare.Accounts.Sessions;
using MedCloudCare.Accounts.Tokens;
using MedCloudCare.Auth.V1;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Accounts;

/// <summary>The auth service; one file for each group of RPCs.</summary>
public sealed partial class AuthGrpc(
    AccountStore accounts,
    AccountSeal seal,
    PasswordHasher passwords,
    SignInGuard guard,
    SessionStore sessions,
    SigningKeyRing signingKeys,
    TokenIssuer tokens,
    IDbContextFactory<AccountsContext> contexts) : AuthService.AuthServiceBase;
