using System.Collections.Concurrent;
using MedCloudCare.TestSupport;
using Microsoft.Playwright;

namespace MedCloudCare.BrowserTests;

/// <summary>A browser window. What its pages throw, and what their content policy blocks, is collected.</summary>
public sealed class Window : IAsyncDisposable
{
    private static readonly string Screenshots = Directory.CreateDirectory(Path.Combine(Checkout.Results, "screenshots")).FullName;

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = new();

    internal Window(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.PageError += (_, error) => _faults.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal)) _faults.Enqueue(message.Text);
        };
    }

    public IPage Page { get; }

    /// <summary>Uncaught exceptions and violations of the content policy so far.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Signs in through the page and waits for the study list.</summary>
    public async Task SignInAsync(TestUser user)
    {
        await Page.GotoAsync("/app/signin");
        await Page.GetByLabel("E-mail address").FillAsync(user.Email);
        await Page.GetByLabel("Password").FillAsync(user.Password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).WaitForAsync();
    }

    /// <summary>Keeps a picture of the window under .results/screenshots.</summary>
    public Task ShootAsync(string name) => Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, name + ".png") });

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
