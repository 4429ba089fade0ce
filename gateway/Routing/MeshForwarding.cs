using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Hosting;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace MedCloudCare.Gateway.Routing;

/// <summary>YARP, set up to speak to the mesh: mutual TLS with the name of each service checked, and nothing passed on that only the mesh may say.</summary>
internal static class MeshForwarding
{
    private static readonly string[] NotPassedOn =
    [
        MeshHeaders.DelegationName, HeaderNames.Cookie, "X-MCC-Client", "Forwarded", "X-Real-IP", "X-Client-Cert", "X-ARR-ClientCert", "X-Forwarded-Client-Cert",
    ];

    public static void AddMeshForwarding(this IServiceCollection services, MeshOptions mesh)
    {
        services.AddSingleton<IForwarderHttpClientFactory, ClientFactory>();
        services.AddReverseProxy()
            .LoadFromMemory(MeshRoutes.Routes, MeshRoutes.ClustersOf(mesh.Services))
            .AddTransforms(context =>
            {
                foreach (var name in NotPassedOn) context.AddRequestHeaderRemove(name);

                // The address that this gateway sees, not one that the client claims.
                context.AddXForwardedFor(action: ForwardedTransformActions.Set);
                context.AddXForwardedHost(action: ForwardedTransformActions.Remove);
                context.AddXForwardedProto(action: ForwardedTransformActions.Remove);
                context.AddXForwardedPrefix(action: ForwardedTransformActions.Remove);
            });
    }

    private sealed class ClientFactory(MeshCertificates certificates) : IForwarderHttpClientFactory
    {
        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context)
        {
            if (context.OldClient is not null) return context.OldClient;
            var handler = MeshChannels.Handler(certificates, context.ClusterId);
            handler.AutomaticDecompression = System.Net.DecompressionMethods.None;
            handler.ActivityHeadersPropagator = System.Diagnostics.DistributedContextPropagator.Current;
            return new HttpMessageInvoker(handler, disposeHandler: true);
        }
    }
}
