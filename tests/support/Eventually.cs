using System.Diagnostics;

namespace MedCloudCare.TestSupport;

/// <summary>Waits for conditions, not for time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks until the answer is not null.</summary>
    /// <exception cref="TimeoutException">It never was, within the limit.</exception>
    public static async Task<T> GetAsync<T>(string what, TimeSpan limit, Func<Task<T?>> ask)
        where T : class
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < limit)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            await Task.Delay(Interval);
        }

        throw new TimeoutException($"{what} did not happen within {limit}.");
    }

    /// <summary>Asks until the answer is yes.</summary>
    public static Task TrueAsync(string what, TimeSpan limit, Func<Task<bool>> ask) =>
        GetAsync(what, limit, async () => await ask() ? what : null);
}
