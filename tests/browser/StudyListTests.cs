using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Microsoft.Playwright;
using Xunit;

namespace MedCloudCare.BrowserTests;

[Collection(BrowserTestGroup.Name)]
public sealed class StudyListTests(BrowserFixture mesh)
{
    [SkippableFact]
    public async Task The_study_list_is_filtered_while_one_types_and_opens_with_the_keyboard()
    {
        await using var window = await mesh.OpenAsync();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        SyntheticSeries wanted = new(), other = new();
        await user.UploadAsync(wanted.Files);
        await user.UploadAsync(other.Files);
        await window.SignInAsync(user);
        var rows = window.Page.Locator("tr[data-study]");
        await Assertions.Expect(rows).ToHaveCountAsync(2);
        await window.ShootAsync("studies");

        await window.Page.GetByLabel("Patient", new() { Exact = true }).FillAsync(wanted.PatientName.Split('^')[0].ToUpperInvariant());
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows).ToHaveAttributeAsync("data-study", wanted.StudyInstanceUid);
        await Assertions.Expect(rows).ToContainTextAsync(wanted.PatientId);
        await window.ShootAsync("studies-filtered");

        await window.Page.GetByLabel("Modality").SelectOptionAsync("CT");
        await window.Page.GetByText("No study matches").WaitForAsync();
        await window.Page.GetByRole(AriaRole.Button, new() { Name = "Clear the filter" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(2);

        var second = await rows.Nth(1).GetAttributeAsync("data-study");
        await rows.Nth(0).GetByRole(AriaRole.Link).FocusAsync();
        await window.Page.Keyboard.PressAsync("ArrowDown");
        await window.Page.Keyboard.PressAsync("Enter");
        await window.Page.WaitForURLAsync($"**/viewer?StudyInstanceUIDs={second}");
        Assert.Empty(window.Faults);
    }

    [SkippableFact]
    public async Task Nobody_sees_the_studies_of_somebody_else()
    {
        await using var window = await mesh.OpenAsync();
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        await owner.UploadAsync(new SyntheticSeries().Files);
        await window.SignInAsync(await mesh.NewUserAsync(Role.HealthProfessional));
        await window.Page.GetByText("No studies yet").WaitForAsync();
    }
}
