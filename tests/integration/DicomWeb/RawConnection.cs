using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>A connection on which a test writes what no HTTP library would.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _tcp = new();
    private NetworkStream _stream = null!;

    private RawConnection()
    {
    }

    /// <summary>To the gateway's loopback address without TLS.</summary>
    /// <param name="mesh">Whose.</param>
    /// <param name="receiveBuffer">Of the socket, so that a client that does not read holds little; 0 for the default.</param>
    public static async Task<RawConnection> OpenAsync(MeshFixture mesh, int receiveBuffer = 0)
    {
        var connection = new RawConnection();
        if (receiveBuffer > 0)
        {
            connection._tcp.ReceiveBufferSize = receiveBuffer;
        }

        await connection._tcp.ConnectAsync(mesh.Http.Host, mesh.Http.Port);
        connection._stream = connection._tcp.GetStream();
        return connection;
    }

    public static string Head(MeshFixture mesh, string method, string path, TestUser user, params string[] headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: {mesh.Http.Authority}\r\nAuthorization: Bearer {user.Token}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n";

    /// <summary>False where the other side has closed the connection.</summary>
    public async Task<bool> TryWriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public Task<bool> TryWriteAsync(string text) => TryWriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>No more is written; the answer may still be read.</summary>
    public void EndWriting() => _stream.Socket.Shutdown(SocketShutdown.Send);

    /// <summary>Whether the other side closes the connection within the time; what it still sends is dropped.</summary>
    public async Task<bool> IsClosedWithinAsync(TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        var buffer = new byte[4096];
        try
        {
            while (await _stream.ReadAsync(buffer, limit.Token) > 0)
            {
            }

            return true;
        }
        catch (IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Everything until the other side closes, or as much of it as came before a reset or the limit.</summary>
    public async Task<string> ReadToEndAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            for (int read; (read = await _stream.ReadAsync(buffer, timeout.Token)) > 0;)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
        }

        return text.ToString();
    }

    /// <summary>The status of the first answer; 0 where none came.</summary>
    public static int StatusOf(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3), CultureInfo.InvariantCulture) : 0;

    public void Dispose() => _tcp.Dispose();
}
