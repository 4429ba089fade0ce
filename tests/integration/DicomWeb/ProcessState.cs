using System.Globalization;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>File handles and resident memory of a service, as the system counts them.</summary>
internal sealed record ProcessState(string Service, int Handles, long ResidentBytes)
{
    public static ProcessState Of(MeshFixture mesh, string service)
    {
        var process = $"/proc/{mesh.ProcessOf(service)}";
        var resident = File.ReadLines(process + "/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new ProcessState(service, Directory.GetFileSystemEntries(process + "/fd").Length, 1024 * long.Parse(resident, CultureInfo.InvariantCulture));
    }

    /// <summary>Waits until the service holds hardly more handles than then, and checks that it has not grown by much.</summary>
    public async Task AssertBackAsync(MeshFixture mesh, int moreHandles, long moreBytes)
    {
        var last = this;
        try
        {
            await Eventually.TrueAsync("the end of what was begun", TimeSpan.FromSeconds(60), () =>
            {
                last = Of(mesh, Service);
                return Task.FromResult(last.Handles <= Handles + moreHandles && last.ResidentBytes <= ResidentBytes + moreBytes);
            });
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{this} has become {last}");
        }
    }
}
