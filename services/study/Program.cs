using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Studies;

var builder = MeshHost.CreateBuilder(args, new MeshServiceOptions
{
    Name = "study",
    Peers = ["gateway", "inference", "sharing", "operator"],
});
builder.Services.AddMeshDatabase<StudyContext>(builder.Mesh);
builder.Services.AddStudyArchive(builder.Configuration.GetSection("Study").Get<StudyOptions>() ?? new StudyOptions());
var app = builder.Build();
app.MapMesh(services => services.MapGrpcService<StudyGrpc>());
return await app.RunMeshAsync();
