using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Jobs.Store;

/// <summary>The schema <c>inference</c>.</summary>
public sealed class JobsContext(DbContextOptions<JobsContext> options) : DbContext(options)
{
    public DbSet<JobRecord> Jobs => Set<JobRecord>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("inference");
        modelBuilder.Entity<JobRecord>(job =>
        {
            job.ToTable("jobs").HasKey(x => x.Id);
            job.Ignore(x => x.JobState).Ignore(x => x.HasEnded).Ignore(x => x.ModelName).Ignore(x => x.VersionName);
        });
    }
}
