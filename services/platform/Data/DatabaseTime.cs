namespace MedCloudCare.Platform.Data;

/// <summary>Moments as the database keeps them.</summary>
public static class DatabaseTime
{
    /// <summary>
    /// Now, in whole microseconds, which is what PostgreSQL's <c>timestamptz</c> holds: an answer made before the row is read
    /// again says the same as every later one.
    /// </summary>
    public static DateTimeOffset GetDatabaseNow(this TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
