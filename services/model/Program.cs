using MedCloudCare.Models;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Sealing;

var builder = MeshHost.CreateBuilder(args, new MeshServiceOptions
{
    Name = "model",
    Peers = ["gateway", "inference", "sharing", "operator"],
});
builder.Services.AddMeshDatabase<ModelContext>(builder.Mesh);
builder.Services.AddModels(builder.Configuration.GetSection("Model"));
builder.Services.AddStartCheck<KeyringException>(p => p.GetRequiredService<PackageStore>());
var app = builder.Build();
app.MapMesh(services =>
{
    services.MapGrpcService<ModelGrpc>();
    services.MapGrpcService<ModelKeysGrpc>();
});
return await app.RunMeshAsync();
