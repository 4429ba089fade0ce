using System.Globalization;
using System.Net;

namespace MedCloudCare.Cli.Launcher;

/// <summary>Which ports of loopback the DIMSE door was asked to take.</summary>
/// <param name="Plain">Without TLS; null for none, 0 for a free one, <see cref="Preferred"/> where nothing was said.</param>
/// <param name="Tls">With TLS, likewise.</param>
internal sealed record DoorPorts(int? Plain, int? Tls)
{
    /// <summary>The registered port, or a free one where that is taken: nobody has asked for a number.</summary>
    public const int Preferred = -1;

    /// <summary>Registered for DICOM (IANA: dicom).</summary>
    public const int StandardPlain = 11112;

    /// <summary>Registered for DICOM over TLS (IANA: dicom-tls).</summary>
    public const int StandardTls = 2762;

    /// <summary>How nothing is asked for.</summary>
    public const string Off = "off";

    /// <summary>Where nothing was said.</summary>
    public static DoorPorts Standard => new(Preferred, Preferred);

    /// <summary>Reads <c>off</c> or a port number; null means that nothing was said.</summary>
    /// <returns>False for anything else.</returns>
    public static bool TryParse(string? text, out int? port)
    {
        port = text is null ? Preferred : null;
        if (text is null or Off)
        {
            return true;
        }

        bool valid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= IPEndPoint.MaxPort;
        port = number;
        return valid;
    }

    /// <summary>What <see cref="TryParse"/> reads as this port; null: nothing is to be said.</summary>
    public static string? TextOf(int? port) => port switch
    {
        null => Off,
        Preferred => null,
        { } number => number.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Chooses a port.</summary>
    /// <param name="taken">Ports given out before; the choice is added.</param>
    /// <param name="port">What was asked for.</param>
    /// <param name="standard">The registered one.</param>
    /// <param name="last">Address of the last run, if any.</param>
    /// <param name="option">For the message of a refusal.</param>
    /// <returns><c>address:port</c>; empty for none.</returns>
    /// <exception cref="CliException">A port that was asked for by number is taken.</exception>
    public static string Choose(ISet<int> taken, int? port, int standard, string? last, string option)
    {
        if (port is not { } wish)
        {
            return "";
        }

        int before = IPEndPoint.TryParse(last ?? "", out IPEndPoint? endpoint) ? endpoint.Port : 0;
        int chosen = wish == Preferred ? FreePorts.Take(taken, standard) : FreePorts.TakeNamed(taken, wish, before, option);
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{chosen}");
    }
}
