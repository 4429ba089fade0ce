using MedCloudCare.Auth.V1;
using MedCloudCare.Gateway;
using MedCloudCare.Gateway.DicomWeb;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Gateway.Hosting;
using MedCloudCare.Gateway.Routing;
using MedCloudCare.Gateway.Session;
using MedCloudCare.Gateway.StaticSite;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Study.V1;
using Microsoft.AspNetCore.ResponseCompression;

var builder = MeshHost.CreateBareBuilder(args, "gateway");
var options = builder.Configuration.GetSection("Gateway").Get<GatewayOptions>() ?? new GatewayOptions();
builder.Inner.WebHost.ConfigureKestrel(kestrel => PublicEndpoints.Listen(kestrel, options, builder.Mesh, builder.Certificates));
builder.Services.AddSingleton(options);
builder.Services.AddMeshClient<StudyService.StudyServiceClient>("study");
builder.Services.AddMeshClient<AuthService.AuthServiceClient>("auth");
builder.Services.AddDicomWeb();
builder.Services.AddSingleton<SessionEndpoints>();
builder.Services.AddSingleton<HealthEndpoint>();
builder.Services.AddSingleton<SitePages>();
builder.Services.AddMeshForwarding(builder.Mesh);
builder.Services.AddRateLimiter(limiter => RateLimits.Configure(limiter, options.Limits));
builder.Services.AddResponseCompression(compression =>
{
    compression.EnableForHttps = true;
    compression.MimeTypes = ["application/dicom+json", "application/json"];
});

var app = builder.Build();
app.Use(SecurityHeaders.AddAsync);
app.UseMiddleware<ErrorResponses>();
app.UseRateLimiter();
SitePages.Map(app);
app.UseRouting();

// Only DICOMweb's JSON is compressed: answers of the services pass as they are, so that streams of news are not held back.
app.UseWhen(http => http.Request.Path.StartsWithSegments("/dicomweb"), branch => branch.UseResponseCompression());
app.Use(ForwardedBodies.CheckAsync);
MeshHost.MapMetrics(app);
app.MapDicomWeb();
SessionEndpoints.Map(app);
app.MapGet("/healthz", app.Services.GetRequiredService<HealthEndpoint>().HandleAsync);
app.MapSigningKeys();
app.MapReverseProxy();
return await app.RunMeshAsync();
