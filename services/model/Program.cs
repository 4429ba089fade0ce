using MedCloudCare.Models;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Hosting;

var builder = MeshHost.CreateBuilder(args, new MeshServiceOptions
{
    Name = "model",
    Peers = ["gateway", "inference", "sharing", "operator"],
});
builder.Services.AddMeshDatabase<ModelContext>(builder.Mesh);
builder.Services.AddModels(builder.Configuration.GetSection("Model"));
var app = builder.Build();
app.MapMesh(services => services.MapGrpcService<ModelGrpc>());
return await app.RunMeshAsync();
