using MedCloudCare.Codecs;
using MedCloudCare.Sandbox;

namespace MedCloudCare.Gateway.Pixels;

/// <summary>What a codec process needs of the host: the .NET runtime, the program's few files, and nothing else.</summary>
/// <remarks>
/// The program's files are handed in as copies, so that a checkout in somebody's home directory does. The runtime is bound; where
/// the sandbox's host user could not reach it (<c>/root/.dotnet</c>), it is copied once to a memory file system.
/// </remarks>
internal sealed class CodecRuntime : IDisposable
{
    private const string Inside = "/codec";
    private const UnixFileMode OthersPass = UnixFileMode.OtherExecute;
    private const UnixFileMode EverybodyReads = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly string[] Places = ["/dev/shm", "/run"];
    private static readonly string[] Names = ["MedCloudCare.Codec.dll", "MedCloudCare.Codec.runtimeconfig.json", "JpegLibrary.dll"];
    private readonly string? _copy;
    private readonly string _root;

    /// <param name="name">A name of this mesh on its host.</param>
    /// <exception cref="IOException">There is no place for a copy of the runtime.</exception>
    public CodecRuntime(string name)
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        _root = Path.GetFullPath(Path.Combine(framework, "..", "..", ".."));
        if (SandboxLauncher.UsesHostUsers && !IsReachable(_root)) _root = _copy = Copy(_root, framework, name);
    }

    public IReadOnlyList<string> Command { get; } = ["/dotnet/dotnet", $"{Inside}/{Names[0]}"];

    public IReadOnlyList<(string Outside, string Inside)> ReadOnly => [(_root, "/dotnet")];

    public static IReadOnlyList<(string Outside, string Inside)> Files =>
        [.. Names.Select(x => (Path.Combine(Path.GetDirectoryName(typeof(CodecWire).Assembly.Location)!, x), $"{Inside}/{x}"))];

    /// <summary>Nothing is traced, compiled in the background or mapped twice: a process that only computes needs none of it.</summary>
    public static IReadOnlyDictionary<string, string> Environment(int memoryMiB) => new Dictionary<string, string>
    {
        ["DOTNET_EnableDiagnostics"] = "0",
        ["DOTNET_EnableWriteXorExecute"] = "0",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_GCHeapHardLimit"] = $"0x{(long)memoryMiB << 20:X}",
    };

    public void Dispose()
    {
        if (_copy is not null && Directory.Exists(_copy)) Directory.Delete(_copy, recursive: true);
    }

    /// <summary>Whether somebody who owns none of it may pass through every directory to this one.</summary>
    private static bool IsReachable(string path)
    {
        for (var directory = new DirectoryInfo(path); directory is not null; directory = directory.Parent)
        {
            if ((directory.UnixFileMode & OthersPass) == 0) return false;
        }

        return true;
    }

    private static string Copy(string root, string framework, string name)
    {
        var place = Places.FirstOrDefault(Directory.Exists) ?? throw new IOException("There is no memory file system for a copy of the runtime.");
        var target = Path.Combine(place, $"{name}-runtime");
        Directory.CreateDirectory(target, EverybodyReads);
        if (!Posix.IsOwnDirectory(target)) throw new IOException($"'{target}' belongs to somebody else.");
        foreach (var source in (string[])[Path.Combine(root, "dotnet"), .. Files(Path.Combine(root, "host", "fxr")), .. Files(framework)])
        {
            var copy = Path.Combine(target, Path.GetRelativePath(root, source));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!, EverybodyReads);
            File.Copy(source, copy, overwrite: true);
            File.SetUnixFileMode(copy, EverybodyReads);
        }

        return target;

        static IEnumerable<string> Files(string directory) => Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories);
    }
}
