using MedCloudCare.Auth.V1;
using MedCloudCare.Platform.Hosting;

namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>Adds the door to the gateway.</summary>
internal static class DoorRegistration
{
    public static IServiceCollection AddDicomDoor(this IServiceCollection services)
    {
        services.AddMeshClient<DicomPeerService.DicomPeerServiceClient>("auth");
        services.AddSingleton<DoorTelemetry>();
        services.AddHostedService<DicomDoor>();
        return services;
    }
}
