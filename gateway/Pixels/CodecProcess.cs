using System.Diagnostics;
using MedCloudCare.Codecs;

namespace MedCloudCare.Gateway.Pixels;

/// <summary>One codec process. Used by one call at a time; after a failed call it is of no more use.</summary>
internal sealed class CodecProcess : IAsyncDisposable
{
    private const int MaxErrorText = 2000;
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);

    private readonly CodecSandbox _sandbox;
    private readonly Process _process;
    private readonly string _name;
    private readonly uint _user;
    private readonly Task<string> _error;

    private CodecProcess(CodecSandbox sandbox)
    {
        _sandbox = sandbox;
        (_process, _name, _user) = sandbox.Start();
        _error = ReadErrorAsync(_process.StandardError);
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Of the sandbox, as the host sees it.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a process and waits until it is ready.</summary>
    /// <exception cref="IOException">It did not start; the message has what it said, before it saw any pixel.</exception>
    public static async Task<CodecProcess> StartAsync(CodecSandbox sandbox)
    {
        var process = new CodecProcess(sandbox);
        try
        {
            var ready = CodecWire.ReadReadyAsync(process._process.StandardOutput.BaseStream, CancellationToken.None);
            await process.LimitAsync(ready, s_start);
            return process;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or TimeoutException)
        {
            await process.DisposeAsync();
            throw new IOException("The codec process did not start: " + await process._error, e);
        }
    }

    /// <summary>Recodes one frame.</summary>
    /// <exception cref="TimeoutException">It took too long; the process is ended.</exception>
    /// <exception cref="IOException">The process has ended.</exception>
    /// <exception cref="InvalidDataException">The process answered what it cannot.</exception>
    public async Task<CodecResponse> CallAsync(CodecRequest request, ReadOnlyMemory<byte> frame, long maxLength, TimeSpan limit)
    {
        var call = ExchangeAsync(request, frame, maxLength);
        await LimitAsync(call, limit);
        return await call;
    }

    public async ValueTask DisposeAsync()
    {
        End();
        await _process.WaitForExitAsync();
        await _error;
        _sandbox.Release(_name, _user);
        _process.Dispose();
    }

    private async Task<CodecResponse> ExchangeAsync(CodecRequest request, ReadOnlyMemory<byte> frame, long maxLength)
    {
        await CodecWire.WriteAsync(_process.StandardInput.BaseStream, request, frame, CancellationToken.None);
        return await CodecWire.ReadResponseAsync(_process.StandardOutput.BaseStream, maxLength, CancellationToken.None);
    }

    /// <summary>Reading a pipe cannot be given up: what takes too long is ended with the process that it waits for.</summary>
    private async Task LimitAsync(Task work, TimeSpan limit)
    {
        try
        {
            await work.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            End();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private void End()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>What it writes to its error output: the first of it is kept, the rest is taken so that it never waits.</summary>
    private static async Task<string> ReadErrorAsync(StreamReader reader)
    {
        var (kept, buffer) = (new System.Text.StringBuilder(), new char[1024]);
        try
        {
            int read;
            while ((read = await reader.ReadAsync(buffer)) > 0) kept.Append(buffer, 0, Math.Min(read, MaxErrorText - kept.Length));
        }
        catch (IOException)
        {
            // The pipe broke with the process.
        }

        return kept.ToString().Trim();
    }
}
