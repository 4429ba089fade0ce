using System.Text.Json;
using Microsoft.Playwright;

namespace MedCloudCare.BrowserTests;

/// <summary>Pixels as RGBA bytes, row by row.</summary>
internal sealed record Picture(int Width, int Height, byte[] Rgba)
{
    // A difference that no rounding or compression explains.
    private const int Visible = 8;

    /// <summary>What is on a canvas of the page.</summary>
    public static async Task<Picture> OfCanvasAsync(IPage page, string canvas) => Read(await page.EvaluateAsync<JsonElement>(
        $$"""
        () => {
          const canvas = {{canvas}};
          const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let text = '';
          for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
          return { width, height, rgba: btoa(text) };
        }
        """));

    /// <summary>Decodes a PNG file, by the browser.</summary>
    public static async Task<Picture> OfPngAsync(IPage page, byte[] png) => Read(await page.EvaluateAsync<JsonElement>(
        """
        async png => {
          const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(png), c => c.charCodeAt(0))], { type: 'image/png' }));
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
          context.drawImage(bitmap, 0, 0);
          const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
          let text = '';
          for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
          return { width, height, rgba: btoa(text) };
        }
        """, Convert.ToBase64String(png)));

    /// <summary>Where two pictures of the same size differ visibly.</summary>
    public Mask DifferenceTo(Picture other) => new(Width, Height, (x, y) =>
    {
        var at = ((y * Width) + x) * 4;
        for (var channel = 0; channel < 3; channel++)
        {
            if (Math.Abs(Rgba[at + channel] - other.Rgba[at + channel]) > Visible) return true;
        }

        return false;
    });

    /// <summary>Share of the pixels that are brighter than black.</summary>
    public double LitShare
    {
        get
        {
            var lit = 0;
            for (var at = 0; at < Rgba.Length; at += 4)
            {
                if (Rgba[at] + Rgba[at + 1] + Rgba[at + 2] > 90) lit++;
            }

            return (double)lit / (Width * Height);
        }
    }

    private static Picture Read(JsonElement answer) =>
        new(answer.GetProperty("width").GetInt32(), answer.GetProperty("height").GetInt32(), Convert.FromBase64String(answer.GetProperty("rgba").GetString()!));
}
