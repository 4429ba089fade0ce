using Google.Protobuf;

namespace MedCloudCare.Cli.Output;

/// <summary>A list of messages: a table for people, or a JSON array in the JSON form of the contracts.</summary>
/// <param name="json">Whether to write JSON.</param>
/// <param name="headings">Columns of the table.</param>
/// <param name="cells">A message's cells.</param>
internal sealed class ResultList<T>(bool json, string[] headings, Func<T, string[]> cells) where T : IMessage
{
    private readonly TextTable _table = new(headings);
    private readonly List<string> _items = [];

    /// <summary>How many were added.</summary>
    public int Count { get; private set; }

    /// <summary>Adds one.</summary>
    public void Add(T message)
    {
        Count++;
        if (json)
        {
            _items.Add(MessageJson.Of(message));
        }
        else
        {
            _table.Add(cells(message));
        }
    }

    /// <summary>Writes all.</summary>
    public void Write()
    {
        if (json)
        {
            Terminal.Result(_items.Count == 0 ? "[]" : "[\n" + string.Join(",\n", _items) + "\n]");
        }
        else
        {
            _table.Write();
        }
    }
}
