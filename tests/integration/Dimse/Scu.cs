using System.Diagnostics;
using System.Globalization;
using System.Net;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Dimse;

/// <summary>A modality: an AE title of its own that stores for a user, and dcmtk's programs to store with.</summary>
internal sealed class Scu : IDisposable
{
    private static int _count;

    private readonly MeshFixture _mesh;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mcc-scu-");

    private Scu(MeshFixture mesh, string title) => (_mesh, Title) = (mesh, title);

    public string Title { get; }

    /// <summary>A directory for its files; gone with this.</summary>
    public string Folder(string name) => _folder.CreateSubdirectory(name).FullName;

    public static void RequireDcmtk() => Skip.IfNot(Programs.Has("storescu") && Programs.Has("echoscu"), "dcmtk is not installed");

    /// <summary>One that may store for an owner, by the command line.</summary>
    public static async Task<Scu> AddAsync(MeshFixture mesh, string owner, params string[] options)
    {
        var scu = Stranger(mesh);
        (await mesh.RunAsync(["dicom", "peers", "add", scu.Title, "--owner", owner, .. options])).EnsureSuccess();
        return scu;
    }

    /// <summary>One that nobody has added.</summary>
    public static Scu Stranger(MeshFixture mesh) =>
        new(mesh, string.Create(CultureInfo.InvariantCulture, $"T{Environment.ProcessId % 100_000}_{Interlocked.Increment(ref _count)}"));

    public async Task RemoveAsync() => (await _mesh.RunAsync(["dicom", "peers", "remove", Title])).EnsureSuccess();

    public Task<ProgramResult> EchoAsync(params string[] options) => RunAsync("echoscu", _mesh.Dicom, options);

    public Task<ProgramResult> EchoTlsAsync(params string[] options) => RunAsync("echoscu", _mesh.DicomTls, options);

    public Task<ProgramResult> StoreAsync(string folder, params string[] options) => RunAsync("storescu", _mesh.Dicom, options, folder);

    public Task<ProgramResult> StoreTlsAsync(string folder, params string[] options) => RunAsync("storescu", _mesh.DicomTls, options, folder);

    /// <summary>storescu at work, to be killed.</summary>
    public Process StartStoring(string folder) =>
        Process.Start(new ProcessStartInfo("storescu", ArgumentsOf(_mesh.Dicom, ["-q"], folder)))!;

    /// <summary>Writes files into a directory.</summary>
    public async Task<string> FilesAsync(string name, IEnumerable<byte[]> files)
    {
        var folder = Folder(name);
        foreach (var (file, i) in files.Select((f, i) => (f, i))) await File.WriteAllBytesAsync(Path.Combine(folder, $"{i:D4}.dcm"), file);
        return folder;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<ProgramResult> RunAsync(string program, IPEndPoint door, string[] options, string? folder = null) =>
        Programs.RunAsync(program, ArgumentsOf(door, options, folder));

    private string[] ArgumentsOf(IPEndPoint door, string[] options, string? folder) =>
    [
        .. options.Contains("-q") ? [] : new[] { "-v" }, "-aet", Title, .. options, door.Address.ToString(), door.Port.ToString(CultureInfo.InvariantCulture),
        .. folder is null ? [] : new[] { "+sd", "+r", folder },
    ];
}

/// <summary>What is stored, as its owner sees it.</summary>
internal static class StoredSets
{
    public static async Task<IReadOnlyDictionary<string, byte[]>> StoredAsync(this TestUser user, string seriesInstanceUid)
    {
        using var call = user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = seriesInstanceUid }, user.Headers);
        return await call.FilesAsync();
    }

    /// <summary>Instances of a series; 0 where there is none.</summary>
    public static async Task<int> CountAsync(this TestUser user, string seriesInstanceUid)
    {
        try
        {
            return (await user.Studies.LookupSeriesAsync(new LookupSeriesRequest { SeriesInstanceUid = seriesInstanceUid }, user.Headers)).InstanceCount;
        }
        catch (Grpc.Core.RpcException e) when (e.StatusCode == Grpc.Core.StatusCode.NotFound)
        {
            return 0;
        }
    }

    /// <summary>The data set of a file: what follows preamble and meta group.</summary>
    public static ReadOnlyMemory<byte> DataSetOf(byte[] file) => file.AsMemory(144 + BitConverter.ToInt32(file, 140));
}
