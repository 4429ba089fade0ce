namespace MedCloudCare.Accounts;

/// <summary>The <c>Auth</c> section.</summary>
public sealed class AuthOptions
{
    /// <summary>Path of the keyring.</summary>
    public string Keyring { get; set; } = "";

    /// <summary>Life of an access token.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Life of a session without use: each refresh starts it anew.</summary>
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Life of a job's delegation.</summary>
    public TimeSpan DelegationLifetime { get; set; } = TimeSpan.FromDays(7);
}
