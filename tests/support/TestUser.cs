using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Study.V1;

namespace MedCloudCare.TestSupport;

/// <summary>A signed-in account of a test mesh, and the services as it sees them.</summary>
public sealed class TestUser(MeshFixture mesh, string email, string password, SessionTokens session)
{
    public string Email => email;

    public string Password => password;

    public SessionTokens Session => session;

    public string Token => session.AccessToken;

    /// <summary>Resource name of the account.</summary>
    public string Name => session.Account.Name;

    /// <summary>Headers with the access token.</summary>
    public Metadata Headers => MeshHeaders.Bearer(Token);

    public AuthService.AuthServiceClient Auth { get; } = new(mesh.Channel);

    public StudyService.StudyServiceClient Studies { get; } = new(mesh.Channel);

    public SharingService.SharingServiceClient Sharing { get; } = new(mesh.Channel);

    public ModelService.ModelServiceClient Models { get; } = new(mesh.Channel);

    public InferenceService.InferenceServiceClient Jobs { get; } = new(mesh.Channel);

    /// <summary>An HTTP client with the token.</summary>
    public HttpClient Http() => mesh.Client(Token);
}
