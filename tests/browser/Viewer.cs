using System.Text.Json;
using MedCloudCare.TestSupport;
using Microsoft.Playwright;

namespace MedCloudCare.BrowserTests;

/// <summary>The OHIF page with our panel. The viewer's own objects (window.services, window.cornerstone) tell what it shows.</summary>
internal sealed class Viewer(Window window)
{
    private const string Active = "services.cornerstoneViewportService.getCornerstoneViewport(services.viewportGridService.getActiveViewportId())";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public IPage Page => window.Page;

    public ILocator Panel => Page.GetByRole(AriaRole.Region, new() { Name = "AI models" });

    /// <summary>The newest job in the panel.</summary>
    public ILocator Job => Panel.Locator("[data-job]").First;

    /// <summary>Waits until the active viewport has drawn an image and the panel is there.</summary>
    public async Task ReadyAsync()
    {
        await Page.WaitForFunctionAsync($"() => {{ try {{ return {Active}.viewportStatus === 'rendered'; }} catch {{ return false; }} }}");
        await Panel.WaitForAsync();
    }

    public async Task OpenAsync(string studyInstanceUid)
    {
        await Page.GotoAsync($"/viewer?StudyInstanceUIDs={studyInstanceUid}");
        await ReadyAsync();
    }

    /// <summary>Shows the image in the middle of the stack and waits until it is drawn. Returns its SOP Instance UID.</summary>
    public async Task<string> GoToMiddleAsync()
    {
        await Page.EvaluateAsync($"() => cornerstone.utilities.jumpToSlice({Active}.element, {{ imageIndex: Math.floor({Active}.getImageIds().length / 2) }})");
        await Page.WaitForFunctionAsync($"() => {Active}.getCurrentImageIdIndex() === Math.floor({Active}.getImageIds().length / 2)");
        await SettledCanvasAsync();
        return await SopInstanceUidAsync();
    }

    public Task<string> SopInstanceUidAsync() =>
        Page.EvaluateAsync<string>($"() => cornerstone.metaData.get('instance', {Active}.getCurrentImageId()).SOPInstanceUID");

    /// <summary>What the active viewport has drawn, once it stays the same.</summary>
    public async Task<Picture> SettledCanvasAsync()
    {
        Picture? previous = null;
        return await Eventually.GetAsync("a picture that stays the same", Patience, async () =>
        {
            await Page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
            var now = await Picture.OfCanvasAsync(Page, Active + ".getCanvas()");
            var same = previous is not null && previous.Rgba.AsSpan().SequenceEqual(now.Rgba);
            previous = now;
            return same && now.LitShare > 0 ? now : null;
        });
    }

    /// <summary>A picture of what the user sees of the active viewport, texts over it included.</summary>
    public async Task<Picture> ScreenshotAsync()
    {
        var rectangle = await Page.EvaluateAsync<JsonElement>($"() => {{ const {{ x, y, width, height }} = {Active}.getCanvas().getBoundingClientRect(); return {{ x, y, width, height }}; }}");
        float Side(string name) => (float)rectangle.GetProperty(name).GetDouble();
        var png = await Page.ScreenshotAsync(new() { Clip = new() { X = Side("x"), Y = Side("y"), Width = Side("width"), Height = Side("height") } });
        return await Picture.OfPngAsync(Page, png);
    }

    /// <summary>
    /// Where voxels lie on the canvas: the canvas position of the centre of voxel (0, 0) of the current image, of the next
    /// column and of the next row, from the geometry in its header.
    /// </summary>
    public async Task<CanvasGrid> GridAsync()
    {
        var points = await Page.EvaluateAsync<double[][]>(
            $$"""
            () => {
              const viewport = {{Active}};
              const { ImagePositionPatient: p, ImageOrientationPatient: o, PixelSpacing: s } = cornerstone.metaData.get('instance', viewport.getCurrentImageId());
              const ratio = viewport.getCanvas().width / viewport.getCanvas().getBoundingClientRect().width;
              const at = (column, row) => viewport.worldToCanvas([0, 1, 2].map(i => Number(p[i]) + Number(o[i]) * s[1] * column + Number(o[3 + i]) * s[0] * row)).map(v => v * ratio);
              return [at(0, 0), at(1, 0), at(0, 1)].map(point => [point[0], point[1]]);
            }
            """);
        return new CanvasGrid(points[0], points[1], points[2]);
    }

    /// <summary>Starts a model with its button in the panel.</summary>
    public Task RunAsync(string model) => Panel.GetByRole(AriaRole.Button, new() { Name = $"Run {model} on this series" }).ClickAsync();

    public Task WaitForJobAsync(string state) => Panel.Locator($"[data-job][data-state={state}]").First.WaitForAsync(new() { Timeout = 120_000 });

    /// <summary>Waits until the newest result is drawn.</summary>
    public Task WaitForOverlayAsync() =>
        Job.GetByRole(AriaRole.Button, new() { Name = "Hide overlay" }).WaitForAsync(new() { Timeout = 120_000 });
}

/// <summary>The affine map from voxels of a slice to canvas pixels, by three of its points.</summary>
internal sealed record CanvasGrid(double[] Origin, double[] NextColumn, double[] NextRow)
{
    /// <summary>The voxel under the middle of a canvas pixel.</summary>
    public (int Row, int Column) VoxelAt(int x, int y)
    {
        var (ax, ay) = (NextColumn[0] - Origin[0], NextColumn[1] - Origin[1]);
        var (bx, by) = (NextRow[0] - Origin[0], NextRow[1] - Origin[1]);
        var (dx, dy) = (x + 0.5 - Origin[0], y + 0.5 - Origin[1]);
        var determinant = (ax * by) - (ay * bx);
        var column = ((dx * by) - (dy * bx)) / determinant;
        var row = ((ax * dy) - (ay * dx)) / determinant;
        return ((int)Math.Round(row), (int)Math.Round(column));
    }
}
