using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Microsoft.Playwright;
using Xunit;

namespace MedCloudCare.BrowserTests;

[Collection(BrowserTestGroup.Name)]
public sealed class ViewerTests(BrowserFixture mesh)
{
    // 61 x 53 bits do not fill whole bytes: the frames of the segmentation start in the middle of bytes.
    private const int Rows = 61;
    private const int Columns = 53;
    private const int Tolerance = 2;

    [SkippableFact]
    public async Task A_model_is_run_from_the_panel_and_its_segments_are_drawn_where_they_are_and_only_there()
    {
        await using var window = await mesh.OpenAsync();
        var model = await mesh.PublishTissueAsync();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 16, Rows, Columns);
        await user.UploadAsync(series.Files);
        await window.SignInAsync(user);
        var viewer = new Viewer(window);
        await viewer.OpenAsync(series.StudyInstanceUid);
        var image = await viewer.GoToMiddleAsync();
        var before = await viewer.SettledCanvasAsync();
        var seenBefore = await viewer.ScreenshotAsync();
        await window.ShootAsync("viewer-before");
        Assert.InRange(before.LitShare, 0.2, 0.95);

        await viewer.RunAsync(model);
        await viewer.WaitForJobAsync("RUNNING");
        await window.ShootAsync("viewer-running");
        await viewer.WaitForOverlayAsync();
        await Assertions.Expect(viewer.Job).ToContainTextAsync("White matter");
        Assert.Equal(image, await viewer.SopInstanceUidAsync());
        var after = await viewer.SettledCanvasAsync();
        await window.ShootAsync("viewer-overlay");

        var grid = await viewer.GridAsync();
        var labels = new ExpectedLabels(series, image, Rows, Columns);
        var expected = new Mask(after.Width, after.Height, (x, y) => grid.VoxelAt(x, y) is var (row, column) && labels[row, column]);
        var changed = after.DifferenceTo(before);
        Assert.InRange(expected.Count, after.Width * after.Height / 10, after.Width * after.Height);
        Assert.Equal(0, changed.CountOutside(expected.GrownBy(Tolerance)));
        Assert.Equal(0, expected.ShrunkBy(Tolerance).CountOutside(changed));

        // The same on the screen, where texts and buttons lie over the corners.
        var seen = (await viewer.ScreenshotAsync()).DifferenceTo(seenBefore);
        Assert.InRange(changed.CountOutside(seen), 0, changed.Count / 50);
        Assert.Empty(window.Faults);
    }

    [SkippableFact]
    public async Task The_overlay_is_hidden_and_shown_by_its_button_at_the_same_slice()
    {
        await using var window = await mesh.OpenAsync();
        var model = await mesh.PublishTissueAsync();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 16, Rows, Columns);
        await user.UploadAsync(series.Files);
        await window.SignInAsync(user);
        var viewer = new Viewer(window);
        await viewer.OpenAsync(series.StudyInstanceUid);
        await viewer.RunAsync(model);
        await viewer.WaitForOverlayAsync();
        var image = await viewer.GoToMiddleAsync();
        var shown = await viewer.SettledCanvasAsync();

        await viewer.Job.GetByRole(AriaRole.Button, new() { Name = "Hide overlay" }).PressAsync("Enter");
        await viewer.Job.GetByRole(AriaRole.Button, new() { Name = "Show overlay" }).WaitForAsync();
        Assert.Equal(image, await viewer.SopInstanceUidAsync());
        var hidden = await viewer.SettledCanvasAsync();
        Assert.True(hidden.DifferenceTo(shown).Count > 1000);

        await viewer.Job.GetByRole(AriaRole.Button, new() { Name = "Show overlay" }).PressAsync("Enter");
        await viewer.WaitForOverlayAsync();
        Assert.Equal(0, (await viewer.SettledCanvasAsync()).DifferenceTo(shown).Count);
        Assert.Empty(window.Faults);
    }

    [SkippableFact]
    public async Task A_job_goes_on_while_the_viewer_is_left_and_its_result_is_there_on_return()
    {
        await using var window = await mesh.OpenAsync();
        var model = await mesh.PublishTissueAsync();
        var user = await mesh.NewUserAsync(Role.Researcher);
        var series = new SyntheticSeries(slices: 16, Rows, Columns);
        await user.UploadAsync(series.Files);
        await window.SignInAsync(user);
        var viewer = new Viewer(window);
        await viewer.OpenAsync(series.StudyInstanceUid);
        await viewer.RunAsync(model);
        await viewer.WaitForJobAsync("RUNNING");
        var job = await viewer.Job.GetAttributeAsync("data-job");

        await window.Page.GotoAsync("/app/jobs");
        await window.Page.Locator($"tr[data-job='{job}']").WaitForAsync();
        await window.ShootAsync("jobs");
        var done = window.Page.Locator($"tr[data-job='{job}'][data-state=SUCCEEDED]");
        await done.WaitForAsync(new() { Timeout = 120_000 });
        await done.GetByRole(AriaRole.Link, new() { Name = "Show result" }).ClickAsync();

        await viewer.ReadyAsync();
        await viewer.WaitForOverlayAsync();
        Assert.Equal(job, await viewer.Job.GetAttributeAsync("data-job"));
        await viewer.GoToMiddleAsync();
        await window.ShootAsync("viewer-return");
        Assert.Empty(window.Faults);
    }

    [SkippableFact]
    public async Task A_viewer_without_a_session_asks_to_sign_in_and_then_shows_the_study()
    {
        await using var window = await mesh.OpenAsync();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries();
        await user.UploadAsync(series.Files);
        await window.Page.GotoAsync($"/viewer?StudyInstanceUIDs={series.StudyInstanceUid}");
        await window.Page.GetByLabel("E-mail address").FillAsync(user.Email);
        await window.Page.GetByLabel("Password").FillAsync(user.Password);
        await window.Page.Keyboard.PressAsync("Enter");
        await window.Page.WaitForURLAsync("**/viewer**");
        await new Viewer(window).ReadyAsync();
    }

    [SkippableFact]
    public async Task The_brain_of_a_real_series_is_segmented_by_the_example_model()
    {
        Skip.If(Checkout.TestData is null, "there is no real data: set MCC_TEST_DATA");
        var example = Path.Combine(Checkout.Root, "services", "pods", "python", "examples", "brain-tissue");
        using var folder = new TemporaryFolder();
        (await Programs.RunAsync(Programs.Python, [Path.Combine(Checkout.TestData!, "make_series.py"), "nifti", Path.Combine(Checkout.TestData!, "t1-brain", "t1.nii.gz"), folder.Path])).EnsureSuccess();
        await using var window = await mesh.OpenAsync();
        var model = await mesh.PublishAsync(example, "Brain tissue");
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var uploaded = await user.UploadAsync(Directory.EnumerateFiles(folder.Path, "*.dcm").Order().Select(File.ReadAllBytes));
        await window.SignInAsync(user);
        var viewer = new Viewer(window);
        await viewer.OpenAsync(uploaded.Results[0].StudyInstanceUid);
        await viewer.GoToMiddleAsync();
        var before = await viewer.SettledCanvasAsync();

        await viewer.RunAsync(model);
        await viewer.WaitForOverlayAsync();
        var after = await viewer.SettledCanvasAsync();
        await window.ShootAsync("viewer-brain");
        var share = (double)after.DifferenceTo(before).Count / (after.Width * after.Height);
        Assert.InRange(share, 0.1, 0.5);
        Assert.Empty(window.Faults);
    }
}
