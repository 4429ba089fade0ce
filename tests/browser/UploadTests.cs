using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Microsoft.Playwright;
using Xunit;

namespace MedCloudCare.BrowserTests;

[Collection(BrowserTestGroup.Name)]
public sealed class UploadTests(BrowserFixture mesh)
{
    [SkippableFact]
    public async Task Files_are_uploaded_through_the_page_and_a_broken_one_is_named_with_its_reason()
    {
        await using var window = await mesh.OpenAsync();
        await window.SignInAsync(await mesh.NewUserAsync(Role.Researcher));
        var series = new SyntheticSeries(slices: 6);
        var files = series.Files.Select((file, index) => new FilePayload { Name = $"{index:0000}.dcm", MimeType = "", Buffer = file })
            .Append(new FilePayload { Name = "broken.dcm", MimeType = "", Buffer = series.Files[0][..(series.Files[0].Length / 2)] })
            .Append(new FilePayload { Name = "letter.dcm", MimeType = "", Buffer = "Dear colleague, thank you for your letter."u8.ToArray() })
            .Append(new FilePayload { Name = "readme.txt", MimeType = "text/plain", Buffer = "not an image"u8.ToArray() });

        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Upload" }).First.ClickAsync();
        await window.Page.GetByTestId("files").SetInputFilesAsync(files);

        await window.Page.GetByRole(AriaRole.Heading, new() { Name = "Finished, with failures" }).WaitForAsync();
        await Assertions.Expect(window.Page.GetByText("6 images stored, 2 refused. 1 other file skipped")).ToBeVisibleAsync();
        var failures = window.Page.GetByRole(AriaRole.Listitem);
        await Assertions.Expect(failures.Filter(new() { HasText = "broken.dcm" })).ToContainTextAsync("damaged");
        await Assertions.Expect(failures.Filter(new() { HasText = "letter.dcm" })).ToContainTextAsync("not a DICOM file");
        await window.ShootAsync("upload");

        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Go to the studies" }).ClickAsync();
        var row = window.Page.Locator($"tr[data-study='{series.StudyInstanceUid}']");
        await Assertions.Expect(row).ToContainTextAsync(series.PatientId);
        await Assertions.Expect(row.Locator("td.number").Nth(1)).ToHaveTextAsync("6");
        Assert.Empty(window.Faults);
    }

    [SkippableFact]
    public async Task A_real_series_is_uploaded_through_the_page_and_seen_in_the_viewer()
    {
        Skip.If(Checkout.TestData is null, "there is no real data: set MCC_TEST_DATA");
        await using var window = await mesh.OpenAsync();
        await window.SignInAsync(await mesh.NewUserAsync(Role.HealthProfessional));
        await window.Page.GotoAsync("/app/upload");
        await window.Page.GetByTestId("files").SetInputFilesAsync(Directory.GetFiles(Path.Combine(Checkout.TestData!, "mr-t1-sag"), "*.dcm"));
        await Assertions.Expect(window.Page.GetByText("35 images stored")).ToBeVisibleAsync(new() { Timeout = 60_000 });

        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Open in the viewer" }).ClickAsync();
        var viewer = new Viewer(window);
        await viewer.ReadyAsync();
        await viewer.GoToMiddleAsync();
        var picture = await viewer.SettledCanvasAsync();
        await window.ShootAsync("viewer-real-series");
        Assert.InRange(picture.LitShare, 0.1, 0.95);
        Assert.Empty(window.Faults);
    }
}
