using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace MedCloudCare.Gateway.StaticSite;

/// <summary>Content Security Policies of the pages: as strict as each of them lets one be.</summary>
internal static partial class ContentPolicies
{
    /// <summary>The portal is ours: nothing inline, nothing from elsewhere.</summary>
    public const string Portal =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        + "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>
    /// Of the viewer's scripts. It takes effect in the workers that they are started as: the image codecs are made by an
    /// Emscripten that builds its bindings with new Function.
    /// </summary>
    public const string ViewerWorker =
        "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval' 'unsafe-eval'; connect-src 'self' data: blob:; frame-ancestors 'none'";

    /// <summary>
    /// The viewer's page: its inline scripts by their hashes, styles as its libraries set them, codecs in WebAssembly. The ndarray
    /// library compiles its accessors with new Function while a segmentation is loaded (OHIF 3.13.2), hence 'unsafe-eval'; scripts
    /// still come from this origin only.
    /// </summary>
    public static string OfViewer(string indexHtml)
    {
        var hashes = InlineScript().Matches(indexHtml).Select(m => HashOf(m.Groups["text"].Value)).Distinct(StringComparer.Ordinal);
        return $"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval' {string.Join(' ', hashes)}; worker-src 'self' blob:; child-src 'self' blob:; "
            + "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; media-src 'self' blob:; "
            + "object-src 'self' blob:; frame-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    }

    private static string HashOf(string script) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'";

    [GeneratedRegex("""<script(?![^>]*\ssrc=)[^>]*>(?<text>.*?)</script>""", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex InlineScript();
}
