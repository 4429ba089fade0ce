using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Studies;

var builder = MeshHost.CreateBuilder(args, new MeshServiceOptions
{
    Name = "study",
    Peers = ["gateway", "inference", "sharing", "operator"],
});
builder.Services.AddMeshDatabase<StudyContext>(builder.Mesh);
builder.Services.AddMeshClient<SharingService.SharingServiceClient>("sharing");
builder.Services.AddStudyArchive(builder.Configuration.GetSection("Study").Get<StudyOptions>() ?? new StudyOptions());
var app = builder.Build();
app.MapMesh(services =>
{
    services.MapGrpcService<StudyGrpc>();
    services.MapGrpcService<ArchiveGrpc>();
    services.MapGrpcService<StudyKeysGrpc>();
});
return await app.RunMeshAsync();
