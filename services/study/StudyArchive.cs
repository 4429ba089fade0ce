using MedCloudCare.Platform.Hosting;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>The parts of the archive and how they hang together.</summary>
internal static class StudyArchive
{
    private const string PatientPurpose = "study/patients";

    /// <summary>Adds everything but the database.</summary>
    public static IServiceCollection AddStudyArchive(this IServiceCollection services, StudyOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(_ => Keyring.Load(options.Keyring));
        services.AddSingleton(provider => new BlindIndex(provider.GetRequiredService<Keyring>().DeriveKey(PatientPurpose)));

        // Opened before the service serves: a missing or wrong keyring must stop the start, not the first request.
        services.AddStartCheck<KeyringException>(provider => provider.GetRequiredService<IDataKeyStore>());
        services.AddSingleton<IDataKeyStore>(provider =>
            DirectoryDataKeyStore.OpenAsync(options.KeyStore, provider.GetRequiredService<Keyring>()).GetAwaiter().GetResult());
        services.AddSingleton(_ => ObjectStores.Open(options));
        services.AddSingleton<PackPool>();
        services.AddSingleton<StudyRegistry>();
        services.AddSingleton<GroupCommitter>();
        services.AddSingleton<UploadServices>();
        services.AddSingleton<UploadLimiter>();
        services.AddSingleton<StudyAccess>();
        services.AddSingleton<StudyIndex>();
        services.AddSingleton<DeletionSignal>();
        services.AddSingleton<StudyDeletion>();
        services.AddSingleton<PartDeletion>();
        services.AddSingleton<GrantRemoval>();
        services.AddSingleton<RemovalHolds>();
        services.AddSingleton<BatchMerger>();
        services.AddSingleton<PackRewriter>();
        services.AddSingleton<PackMerger>();
        services.AddSingleton<StoreSweeper>();
        services.AddSingleton<ArchiveMaintenance>();
        services.AddSingleton<ArchiveVerifier>();
        services.AddSingleton<ArchiveRebuilder>();
        services.AddHostedService(provider => provider.GetRequiredService<ArchiveMaintenance>());
        services.AddHostedService<Housekeeping>();
        services.AddHostedService<DeletionWorker>();
        services.AddGrpc()
            .AddServiceOptions<StudyGrpc>(o => o.Interceptors.Add<StudyErrorInterceptor>())
            .AddServiceOptions<ArchiveGrpc>(o => o.Interceptors.Add<StudyErrorInterceptor>());
        return services;
    }
}
