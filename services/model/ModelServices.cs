using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Publish;
using MedCloudCare.Models.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Models;

/// <summary>Registration of what the RPCs need.</summary>
internal static class ModelServices
{
    public static IServiceCollection AddModels(this IServiceCollection services, IConfigurationSection configuration)
    {
        services.Configure<PodOptions>(configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<PackageStore>();
        services.AddSingleton(provider => new PodDirectories(
            provider.GetRequiredService<IOptions<PodOptions>>().Value, provider.GetRequiredService<ILogger<PodDirectories>>()));
        services.AddSingleton(provider => new PodHost(
            provider.GetRequiredService<IOptions<PodOptions>>().Value, provider.GetRequiredService<PodDirectories>()));
        services.AddSingleton<PackageValidator>();
        services.AddSingleton<PublishLimiter>();
        services.AddSingleton<ProcessOrchestrator>();
        services.AddSingleton<IPodOrchestrator>(provider => provider.GetRequiredService<ProcessOrchestrator>());
        services.AddHostedService(provider => provider.GetRequiredService<ProcessOrchestrator>());
        services.AddHostedService<StoreSweep>();
        return services;
    }
}
