using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MedCloudCare.Cli.Launcher;

/// <summary>Finds ports of the loopback interface that nobody listens on.</summary>
internal static class FreePorts
{
    // Below the range from which Linux numbers outgoing connections (32768…), so that none of them takes the port of a
    // service while it restarts.
    private const int First = 18_000, Last = 32_000;

    /// <summary>Whether a port can be listened on.</summary>
    public static bool IsFree(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // As Kestrel does: a port whose last connections are still in TIME_WAIT is free.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Some free port that is not among those taken already, and notes it there.</summary>
    /// <param name="taken">Ports given out before.</param>
    /// <param name="wished">Preferred if it is free: the port of the last run. 0 for none.</param>
    public static int Take(ISet<int> taken, int wished = 0)
    {
        if (wished > 0 && !taken.Contains(wished) && IsFree(wished))
        {
            taken.Add(wished);
            return wished;
        }

        for (int attempt = 0; attempt < 1000; attempt++)
        {
            int port = RandomNumberGenerator.GetInt32(First, Last);
            if (!taken.Contains(port) && IsFree(port))
            {
                taken.Add(port);
                return port;
            }
        }

        throw CliException.Failed("No free port was found on the loopback interface.");
    }

    /// <summary>A port that somebody asked for by number; 0 takes a free one.</summary>
    /// <exception cref="CliException">It is taken.</exception>
    public static int TakeNamed(ISet<int> taken, int port, int wished, string option)
    {
        if (port == 0)
        {
            return Take(taken, wished);
        }

        if (taken.Add(port) && IsFree(port))
        {
            return port;
        }

        throw CliException.Failed($"Port {port} is in use by something else.", $"Choose another one with {option} PORT (0 takes a free one).");
    }
}
