using MedCloudCare.TestSupport;
using Microsoft.Playwright;
using Xunit;

namespace MedCloudCare.BrowserTests;

/// <summary>One mesh and one Chromium (Debian's, headless) for all tests of this assembly.</summary>
public sealed class BrowserFixture : MeshFixture
{
    private const string Chromium = "/usr/bin/chromium";

    // No sandbox as root; nothing that looks for servers of its maker.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Whether a browser is installed; tests skip without one.</summary>
    public static bool HasBrowser => File.Exists(Chromium);

    public override async Task InitializeAsync()
    {
        if (!HasBrowser) return;
        if (!File.Exists(Path.Combine(Checkout.Root, "gateway", "portal", "dist", "index.html")))
        {
            throw new InvalidOperationException("The portal is not built: run 'npm ci && npm run build' in gateway/portal.");
        }

        await base.InitializeAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = Arguments });
    }

    public override async Task DisposeAsync()
    {
        if (!HasBrowser) return;
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>A window with cookies and storage of its own.</summary>
    public async Task<Window> OpenAsync()
    {
        Skip.IfNot(HasBrowser, $"{Chromium} is not installed");
        var context = await _browser!.NewContextAsync(new() { BaseURL = Http.ToString(), ViewportSize = new() { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(30_000);
        return new Window(context, await context.NewPageAsync());
    }
}

[CollectionDefinition(Name)]
public sealed class BrowserTestGroup : ICollectionFixture<BrowserFixture>
{
    public const string Name = "Browser";
}
