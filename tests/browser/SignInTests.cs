using MedCloudCare.Common.V1;
using Microsoft.Playwright;
using Xunit;

namespace MedCloudCare.BrowserTests;

[Collection(BrowserTestGroup.Name)]
public sealed class SignInTests(BrowserFixture mesh)
{
    [SkippableFact]
    public async Task One_can_sign_in_with_the_keyboard_alone()
    {
        await using var window = await mesh.OpenAsync();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await window.Page.GotoAsync("/");
        await Assertions.Expect(window.Page.GetByLabel("E-mail address")).ToBeFocusedAsync();
        await window.ShootAsync("sign-in");

        await window.Page.Keyboard.TypeAsync(user.Email);
        await window.Page.Keyboard.PressAsync("Tab");
        await window.Page.Keyboard.TypeAsync(user.Password);
        await window.Page.Keyboard.PressAsync("Enter");

        await window.Page.GetByRole(AriaRole.Heading, new() { Name = "Studies", Exact = true }).WaitForAsync();
        Assert.EndsWith("/app/", window.Page.Url, StringComparison.Ordinal);
        Assert.Empty(window.Faults);
    }

    [SkippableFact]
    public async Task A_wrong_password_is_said_to_be_wrong_and_signs_nobody_in()
    {
        await using var window = await mesh.OpenAsync();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await window.Page.GotoAsync("/app/signin");
        await window.Page.GetByLabel("E-mail address").FillAsync(user.Email);
        await window.Page.GetByLabel("Password").FillAsync("correct horse battery stable");
        await window.Page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(window.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not right");
        await window.ShootAsync("sign-in-wrong-password");
        await window.Page.GotoAsync("/app/");
        await Assertions.Expect(window.Page.GetByLabel("Password")).ToBeVisibleAsync();
    }

    [SkippableFact]
    public async Task The_access_token_is_in_no_storage_and_a_reload_keeps_the_session()
    {
        await using var window = await mesh.OpenAsync();
        await window.SignInAsync(await mesh.NewUserAsync(Role.HealthProfessional));

        var readable = await window.Page.EvaluateAsync<string>("() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)");
        Assert.DoesNotContain("eyJ", readable, StringComparison.Ordinal);
        Assert.DoesNotContain("mcc_session", readable, StringComparison.Ordinal);

        await window.Page.ReloadAsync();
        await window.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await window.Page.GetByLabel("Password").WaitForAsync();
        await window.Page.ReloadAsync();
        await window.Page.GetByLabel("Password").WaitForAsync();
    }

    [SkippableFact]
    public async Task A_health_professional_who_registers_waits_until_an_administrator_approves()
    {
        await using var window = await mesh.OpenAsync();
        var (email, password, name) = ($"new-{Guid.NewGuid():n}@test.example", "four unrelated words here", "Dr New " + Guid.NewGuid().ToString("n")[..6]);
        await window.Page.GotoAsync("/app/register");
        await Assertions.Expect(window.Page.GetByText("An administrator checks")).ToBeVisibleAsync();
        await window.Page.GetByLabel("Name").FillAsync(name);
        await window.Page.GetByLabel("E-mail address").FillAsync(email);
        await window.Page.GetByLabel("Password").FillAsync(password);
        await window.ShootAsync("register");
        await window.Page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await window.Page.GetByText("Your account has been created").WaitForAsync();
        await window.Page.GetByLabel("Password").FillAsync(password);
        await window.Page.Keyboard.PressAsync("Enter");
        await window.Page.GetByText("Waiting for approval").WaitForAsync();
        await window.ShootAsync("account-pending");

        await using var office = await mesh.OpenAsync();
        await office.SignInAsync(await mesh.NewUserAsync(Role.Administrator));
        await office.Page.GetByRole(AriaRole.Button, new() { Name = $"Approve {name}" }).WaitForAsync();
        await office.ShootAsync("approvals");
        await office.Page.GetByRole(AriaRole.Button, new() { Name = $"Approve {name}" }).ClickAsync();
        await office.Page.GetByText($"{name} has been approved").WaitForAsync();

        await window.Page.GetByRole(AriaRole.Button, new() { Name = "Check again" }).ClickAsync();
        await window.Page.GetByRole(AriaRole.Heading, new() { Name = "Studies", Exact = true }).WaitForAsync();
    }
}
