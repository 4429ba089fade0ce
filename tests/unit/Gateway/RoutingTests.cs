using Google.Protobuf.Reflection;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Routing;
using MedCloudCare.Gateway.StaticSite;
using MedCloudCare.Platform.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Configuration;

namespace MedCloudCare.Gateway.Tests;

public sealed class RoutingTests
{
    private static readonly FileDescriptor[] Everything = [.. AccessTable.Files, Pod.V1.PodReflection.Descriptor];

    public static TheoryData<string> Methods => [.. Everything.SelectMany(f => f.Services).SelectMany(s => s.Methods).Select(m => m.FullName)];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_rpc_is_routed_exactly_when_people_may_call_it(string name)
    {
        var method = Everything.SelectMany(f => f.Services).SelectMany(s => s.Methods).Single(m => m.FullName == name);
        var rule = method.GetOptions()?.GetExtension(AccessExtensions.Access);
        var forPeople = rule is not null && (rule.Anonymous || rule.AnyAccount || rule.Roles.Count > 0);
        var route = await FindAsync("POST", $"/{method.Service.FullName}/{method.Name}");
        Assert.Equal(forPeople ? name : null, route?.RouteId);
        if (forPeople) Assert.Equal(MeshRoutes.ServiceOf(method), route!.ClusterId);
    }

    [Theory]
    [InlineData("POST", "/grpc.health.v1.Health/Check")]
    [InlineData("POST", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")]
    [InlineData("POST", "/medcloudcare.auth.v1.AuthService/NoSuchMethod")]
    [InlineData("GET", "/medcloudcare.study.v1.StudyService/GetStudy")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/v1/uploads")]
    [InlineData("GET", "/v1/studies/1/2/3")]
    [InlineData("PUT", "/v1/studies/1")]
    public async Task What_no_contract_names_has_no_route(string verb, string path) => Assert.Null(await FindAsync(verb, path));

    [Theory]
    [InlineData("POST", "/v1/accounts:register", "medcloudcare.auth.v1.AuthService.Register POST 0", "auth")]
    [InlineData("POST", "/v1/accounts/7:approve", "medcloudcare.auth.v1.AuthService.ApproveAccount POST 0", "auth")]
    [InlineData("POST", "/v1/sessions:signOut", "medcloudcare.auth.v1.AuthService.SignOut POST 0", "auth")]
    [InlineData("GET", "/v1/me", "medcloudcare.auth.v1.AuthService.GetMe GET 0", "auth")]
    [InlineData("GET", "/v1/signingKeys", "medcloudcare.auth.v1.AuthService.GetSigningKeys GET 0", "auth")]
    [InlineData("GET", "/v1/studies", "medcloudcare.study.v1.StudyService.ListStudies GET 0", "study")]
    [InlineData("GET", "/v1/studies/7/series", "medcloudcare.study.v1.StudyService.ListSeries GET 0", "study")]
    [InlineData("GET", "/v1/series:lookup", "medcloudcare.study.v1.StudyService.LookupSeries GET 0", "study")]
    [InlineData("GET", "/v1/models/7/versions/2/deployment", "medcloudcare.model.v1.ModelService.GetDeployment GET 0", "model")]
    [InlineData("POST", "/v1/models/7/versions/2:activate", "medcloudcare.model.v1.ModelService.ActivateModelVersion POST 0", "model")]
    [InlineData("GET", "/v1/jobs/7", "medcloudcare.inference.v1.InferenceService.GetJob GET 0", "inference")]
    [InlineData("GET", "/v1/jobs/7:watch", "medcloudcare.inference.v1.InferenceService.WatchJob GET 0", "inference")]
    [InlineData("DELETE", "/v1/grants/7", "medcloudcare.sharing.v1.SharingService.DeleteGrant DELETE 0", "sharing")]
    public async Task A_rest_address_goes_to_the_service_whose_contract_names_it(string verb, string path, string route, string cluster)
    {
        var found = await FindAsync(verb, path);
        Assert.Equal((route, cluster), (found?.RouteId, found?.ClusterId));
    }

    [Theory]
    [InlineData("/v1/{name=models/*/versions/*}:activate", "/v1/models/{s0}/versions/{s1}:activate")]
    [InlineData("/v1/{parent=studies/*}/series", "/v1/studies/{s0}/series")]
    [InlineData("/v1/things/{id}", "/v1/things/{s0}")]
    [InlineData("/v1/series:lookup", "/v1/series:lookup")]
    public void Path_templates_become_route_patterns(string template, string pattern) => Assert.Equal(pattern, MeshRoutes.PatternOf(template));

    [Fact]
    public void Only_client_streams_have_bodies_without_a_limit()
    {
        var unlimited = MeshRoutes.Routes.Where(r => r.MaxRequestBodySize is not null).Select(r => r.RouteId);
        Assert.Equal(MeshRoutes.PublicMethods.Where(m => m.IsClientStreaming).Select(m => m.FullName), unlimited);
    }

    [Theory]
    [InlineData("/viewer", true)]
    [InlineData("/app/studies", true)]
    [InlineData("/v1x", true)]
    [InlineData("/v1/studies", false)]
    [InlineData("/V1/studies", false)]
    [InlineData("/dicomweb/studies/1.2", false)]
    [InlineData("/session", false)]
    [InlineData("/medcloudcare.auth.v1.AuthService/SignIn", false)]
    [InlineData("/grpc.health.v1.Health/Check", false)]
    [InlineData("/.well-known/jwks.json", false)]
    public void Pages_and_interfaces_are_told_apart(string path, bool isPage) => Assert.Equal(isPage, SitePages.IsPage(path));

    /// <summary>ASP.NET's own choice among all routes, as the gateway has it.</summary>
    private static async Task<RouteConfig?> FindAsync(string verb, string path)
    {
        var http = new DefaultHttpContext { RequestServices = Router.Value.Services };
        http.Request.Method = verb;
        http.Request.Path = path;
        await Router.Value.Pipeline(http);
        return http.Items[nameof(RouteConfig)] as RouteConfig;
    }

    private static readonly Lazy<(IServiceProvider Services, RequestDelegate Pipeline)> Router = new(() =>
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.UseRouting();
        foreach (var route in MeshRoutes.Routes)
        {
            app.MapMethods(route.Match.Path!, route.Match.Methods!, http =>
            {
                http.Items[nameof(RouteConfig)] = route;
                return Task.CompletedTask;
            });
        }

#pragma warning disable ASP0014 // The pipeline is built here without the host that would add this step.
        app.UseEndpoints(_ => { });
#pragma warning restore ASP0014
        return (app.Services, ((IApplicationBuilder)app).Build());
    });
}
