namespace MedCloudCare.Models.Pods;

/// <summary>Reads lines of bounded length: what comes out of a pod may be one endless line.</summary>
internal static class LineReader
{
    private const int Longest = 2000;

    /// <summary>Gives every line, cut where it is too long, until the stream ends.</summary>
    public static async Task ReadAsync(TextReader reader, Action<string> line)
    {
        char[] buffer = new char[4096];
        var current = new System.Text.StringBuilder();
        bool cut = false;
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            foreach (char c in buffer.AsSpan(0, read))
            {
                if (c == '\n')
                {
                    line(current.ToString());
                    current.Clear();
                    cut = false;
                }
                else if (!cut && c != '\r')
                {
                    current.Append(c);
                    cut = current.Length >= Longest;
                }
            }
        }

        if (current.Length > 0)
        {
            line(current.ToString());
        }
    }
}
