using MedCloudCare.Auth.V1;
using MedCloudCare.Grants;
using MedCloudCare.Grants.Data;
using MedCloudCare.Grants.Resources;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Study.V1;

var builder = MeshHost.CreateBuilder(args, new MeshServiceOptions { Name = "sharing", Peers = ["gateway", "study", "operator"] });
builder.Services.AddMeshDatabase<SharingContext>(builder.Mesh);
builder.Services.AddMeshClient<AuthService.AuthServiceClient>("auth");
builder.Services.AddMeshClient<StudyService.StudyServiceClient>("study");
builder.Services.AddMeshClient<ModelService.ModelServiceClient>("model");
builder.Services.AddSingleton<ResourceOwners>();
builder.Services.AddSingleton<AccountDirectory>();
var app = builder.Build();
app.MapMesh(services => services.MapGrpcService<SharingGrpc>());
return await app.RunMeshAsync();
