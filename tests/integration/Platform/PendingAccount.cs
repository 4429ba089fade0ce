using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Platform;

/// <summary>A health professional who has registered and waits for approval, signed in.</summary>
internal sealed record PendingAccount(string Email, string Password, SessionTokens Session)
{
    public Metadata Headers => MeshHeaders.Bearer(Session.AccessToken);

    public static async Task<PendingAccount> RegisterAsync(MeshFixture mesh)
    {
        var auth = new AuthService.AuthServiceClient(mesh.Channel);
        var email = $"pending-{Guid.NewGuid():n}@test.example";
        var password = Guid.NewGuid().ToString("n");
        await auth.RegisterAsync(new RegisterRequest { Email = email, Password = password, DisplayName = "Dr Pending", Role = Role.HealthProfessional });
        return new PendingAccount(email, password, await auth.SignInAsync(new SignInRequest { Email = email, Password = password }));
    }
}
