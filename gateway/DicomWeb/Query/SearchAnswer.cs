using System.Buffers;
using System.Globalization;
using System.Text;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Query;

/// <summary>
/// The array of matches. Its headers tell how many more there are, so that matches are held back until that is known: mostly
/// with the first of them, else at their end.
/// </summary>
internal sealed class SearchAnswer(HttpResponse response, string mediaType, SearchRequest.Types.Level level, string dicomWebUrl)
{
    // With more than this held back, the answer begins without having been told.
    private const int MaxHeld = 4 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _match = new(4096);
    private ArrayBufferWriter<byte>? _held = new(4096);
    private bool _any;

    private static ReadOnlySpan<byte> Placeholder => "\"BulkDataURI\":\"{base}/"u8;

    public bool HasBegun => _held is null;

    private IBufferWriter<byte> Output => _held ?? (IBufferWriter<byte>)response.BodyWriter;

    /// <summary>Says how many matches there are behind those of this answer.</summary>
    public void Announce(long remaining)
    {
        if (remaining > 0) Warn(string.Create(CultureInfo.InvariantCulture, $"There are {remaining} additional results that can be requested"));
        Begin();
    }

    /// <summary>Says that there are more, after the last match.</summary>
    public void AnnounceMore()
    {
        if (!HasBegun) Warn("There are additional results that can be requested");
    }

    public void Write(ReadOnlySpan<byte> match)
    {
        Output.Write(_any ? ","u8 : "["u8);
        _any = true;
        if (level == SearchRequest.Types.Level.Instance && match.IndexOf(Placeholder) >= 0)
        {
            _match.ResetWrittenCount();
            var url = Encoding.ASCII.GetBytes(RetrieveUrl.Insert(match, level, dicomWebUrl, _match));
            var replacer = new BaseUrlReplacer();
            replacer.Write(_match.WrittenSpan, url, Output);
            replacer.End(Output);
        }
        else
        {
            RetrieveUrl.Insert(match, level, dicomWebUrl, Output);
        }

        if (_held?.WrittenCount > MaxHeld)
        {
            Warn("There may be additional results that can be requested");
            Begin();
        }
    }

    public void End()
    {
        if (!HasBegun) Begin();
        if (HttpMethods.IsHead(response.HttpContext.Request.Method)) return;
        Output.Write(_any ? "]"u8 : "[]"u8);
    }

    private void Begin()
    {
        response.ContentType = mediaType;
        var held = _held!;
        _held = null;
        response.BodyWriter.Write(held.WrittenSpan);
    }

    /// <summary>PS3.18 §10.6.3.1 with the quotes of RFC 7234 §5.5.</summary>
    private void Warn(string text) => response.Headers.Warning = $"299 {response.HttpContext.Request.Host.ToUriComponent()} \"{text}\"";
}
