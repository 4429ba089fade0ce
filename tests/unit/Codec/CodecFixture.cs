using MedCloudCare.Codecs;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Sandbox;
using Microsoft.Extensions.Logging.Abstractions;

namespace MedCloudCare.Codec.Tests;

/// <summary>One pool of sandboxed codec processes for all tests.</summary>
public sealed class CodecFixture : IAsyncLifetime
{
    private readonly PixelCodec _codec = Make(new CodecOptions());

    /// <summary>The pool; skips the test where sandboxes cannot run.</summary>
    internal PixelCodec Codec
    {
        get
        {
            Skip.If(SandboxLauncher.Obstacle() is not null, "Sandboxes cannot run here: " + SandboxLauncher.Obstacle());
            return _codec;
        }
    }

    internal static PixelCodec Make(CodecOptions options) => new(options, Path.Combine(Path.GetTempPath(), "codec-tests-" + Environment.ProcessId), NullLogger<PixelCodec>.Instance);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _codec.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class CodecCollection : ICollectionFixture<CodecFixture>
{
    public const string Name = "codec";
}
