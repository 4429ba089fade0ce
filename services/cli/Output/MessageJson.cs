using Google.Protobuf;

namespace MedCloudCare.Cli.Output;

/// <summary>Messages of the contracts in their JSON form, fields with default values included so that scripts find them.</summary>
internal static class MessageJson
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    /// <summary>One line of JSON.</summary>
    public static string Of(IMessage message) => Formatter.Format(message);
}
