using MedCloudCare.Accounts;
using MedCloudCare.Accounts.Data;
using MedCloudCare.Accounts.DicomPeers;
using MedCloudCare.Accounts.Passwords;
using MedCloudCare.Accounts.Sessions;
using MedCloudCare.Accounts.Tokens;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Sealing;

var builder = MeshHost.CreateBuilder(args, new MeshServiceOptions
{
    Name = "auth",
    Peers = ["gateway", "study", "sharing", "model", "inference", "operator"],
});
builder.Services.Configure<AuthOptions>(builder.Configuration.GetSection("Auth"));
builder.Services.AddMeshDatabase<AccountsContext>(builder.Mesh);
builder.Services.AddSingleton<AccountSeal>();
builder.Services.AddStartCheck<KeyringException>(p => p.GetRequiredService<AccountSeal>());
builder.Services.AddSingleton<AccountStore>();
builder.Services.AddSingleton<PasswordHasher>();
builder.Services.AddSingleton<SignInGuard>();
builder.Services.AddSingleton<SessionStore>();
builder.Services.AddSingleton<SigningKeyRing>();
builder.Services.AddSingleton<ISigningKeySource>(p => p.GetRequiredService<SigningKeyRing>());
builder.Services.AddSingleton<TokenIssuer>();
builder.Services.AddHostedService<Housekeeping>();
var app = builder.Build();
app.MapMesh(services =>
{
    services.MapGrpcService<AuthGrpc>();
    services.MapGrpcService<DicomPeerGrpc>();
});
return await app.RunMeshAsync();
