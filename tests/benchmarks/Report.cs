using System.Diagnostics;
using System.Globalization;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>One line of the report.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Value">How fast, or how long.</param>
/// <param name="Unit">Unit of both values.</param>
/// <param name="Baseline">What it is compared with.</param>
/// <param name="BaselineValue">How fast that was in the same run.</param>
internal readonly record struct Line(string Name, double Value, string Unit, string Baseline, double BaselineValue)
{
    public double Ratio => Value / BaselineValue;
}

internal static class Report
{
    private static readonly string[] Services = ["auth", "study", "sharing", "model", "inference", "gateway"];

    public static void Print(IEnumerable<Line> lines)
    {
        foreach (var line in lines)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{line.Name,-44} {line.Value,10:0.0} {line.Unit,-5} {line.Ratio,7:0.000} x {line.Baseline} ({line.BaselineValue:0.0})"));
        }
    }

    /// <summary>The most memory that each process has held.</summary>
    public static void PrintMemory(MeshFixture mesh)
    {
        foreach (var service in Services)
        {
            var peak = File.ReadLines($"/proc/{mesh.ProcessOf(service)}/status").Single(l => l.StartsWith("VmHWM", StringComparison.Ordinal));
            Console.WriteLine($"peak memory of {service,-29} {double.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024,10:0} MiB");
        }
    }

    /// <summary>Times work and says MB (10^6 bytes) a second.</summary>
    public static async Task<double> SpeedAsync(long bytes, Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work();
        return bytes / 1e6 / clock.Elapsed.TotalSeconds;
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
