using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MedCloudCare.Platform.Hosting;
using Npgsql;

namespace MedCloudCare.Platform.Data;

/// <summary>What has to happen before a host serves.</summary>
internal interface IStartStep
{
    Task RunAsync(CancellationToken cancellation);
}

/// <summary>Registration of a service's database.</summary>
public static class MeshDatabase
{
    /// <summary>
    /// Adds the service's own schema: an <see cref="NpgsqlDataSource"/>, a pooled context factory, a health check, and the
    /// migrations embedded in the context's assembly, which run before the host serves.
    /// </summary>
    public static IServiceCollection AddMeshDatabase<TContext>(this IServiceCollection services, MeshOptions mesh)
        where TContext : DbContext
    {
        AddMeshDataSource(services, mesh);
        services.AddPooledDbContextFactory<TContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>())
            .UseSnakeCaseNamingConvention());
        services.AddSingleton<IStartStep>(provider => new MigrationStep(
            new SchemaMigrator(mesh.Service, typeof(TContext).Assembly, provider.GetRequiredService<ILogger<SchemaMigrator>>()),
            provider.GetRequiredService<NpgsqlDataSource>(),
            mesh.Database));
        return services;
    }

    private static void AddMeshDataSource(IServiceCollection services, MeshOptions mesh)
    {
        var settings = new NpgsqlConnectionStringBuilder(mesh.Database)
        {
            ApplicationName = "medcloudcare-" + mesh.Service,
            MaxAutoPrepare = 50,
            KeepAlive = 30,
        };
        services.AddSingleton(provider => new NpgsqlDataSourceBuilder(settings.ConnectionString)
            .UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>())
            .Build());
        services.AddHealthChecks().AddCheck<DatabaseCheck>("database");
    }

    private sealed class MigrationStep(SchemaMigrator migrator, NpgsqlDataSource database, string connectionString) : IStartStep
    {
        public Task RunAsync(CancellationToken cancellation) => migrator.MigrateAsync(database, connectionString, cancellation);
    }
}
