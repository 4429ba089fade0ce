using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Connections;

/// <summary>
/// Gives out access tokens of one session that several commands may share: it refreshes them before they end, one command
/// at a time, since a refresh token may be used once only.
/// </summary>
/// <param name="path">The session file.</param>
/// <param name="url">The mesh.</param>
/// <param name="auth">Sign-in service, reached without a token.</param>
/// <param name="signIn">Starts a session anew where none can be refreshed; null where only the user can.</param>
internal sealed class SessionKeeper(
    string path, string url, AuthService.AuthServiceClient auth, Func<CancellationToken, Task<SessionTokens>>? signIn)
{
    // Enough for a clock that is a little off and a call that is a little slow.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private StoredSession? _current;

    /// <summary>The directory of the user's sessions, made if missing: $XDG_CONFIG_HOME/medcloudcare.</summary>
    public static string UserDirectory()
    {
        string? configured = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        string home = string.IsNullOrEmpty(configured) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config") : configured;
        string directory = Path.Combine(home, "medcloudcare");
        SecretFile.CreateDirectory(directory);
        return directory;
    }

    /// <summary>The file that keeps the user's session with a mesh.</summary>
    public static string UserFile(string url) =>
        Path.Combine(UserDirectory(), $"session-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url)))[..16]}.json");

    /// <summary>An access token that is good for the next call.</summary>
    /// <exception cref="CliException">Nobody is signed in, or the session has ended.</exception>
    public async Task<string> AccessTokenAsync(CancellationToken cancellationToken)
    {
        StoredSession? session = _current ??= StoredSession.Read(path);
        if (IsFresh(session))
        {
            return session!.AccessToken;
        }

        using FileLock held = await FileLock.TakeAsync(path + ".lock", LockPatience, cancellationToken).ConfigureAwait(false);
        session = StoredSession.Read(path);
        if (!IsFresh(session))
        {
            session = await RenewAsync(session, cancellationToken).ConfigureAwait(false);
        }

        _current = session;
        return session!.AccessToken;
    }

    /// <summary>Keeps a session that was just started.</summary>
    public async Task StoreAsync(SessionTokens tokens, CancellationToken cancellationToken)
    {
        using FileLock held = await FileLock.TakeAsync(path + ".lock", LockPatience, cancellationToken).ConfigureAwait(false);
        Keep(tokens);
    }

    /// <summary>Ends the session, here and on the server.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> EndAsync(CancellationToken cancellationToken)
    {
        using FileLock held = await FileLock.TakeAsync(path + ".lock", LockPatience, cancellationToken).ConfigureAwait(false);
        if (StoredSession.Read(path) is not { } session)
        {
            return false;
        }

        File.Delete(path);
        await auth.SignOutAsync(new SignOutRequest { RefreshToken = session.RefreshToken }, deadline: DateTime.UtcNow.AddSeconds(30), cancellationToken: cancellationToken).ConfigureAwait(false);
        return true;
    }

    private bool IsFresh(StoredSession? session) =>
        session is not null && session.Url == url && session.AccessExpires - Early > DateTimeOffset.UtcNow;

    private async Task<StoredSession> RenewAsync(StoredSession? session, CancellationToken cancellationToken)
    {
        if (session is not null && session.Url == url && session.RefreshExpires > DateTimeOffset.UtcNow)
        {
            try
            {
                return Keep(await auth.RefreshSessionAsync(new RefreshSessionRequest { RefreshToken = session.RefreshToken },
                    deadline: DateTime.UtcNow.AddSeconds(30), cancellationToken: cancellationToken).ConfigureAwait(false));
            }
            catch (RpcException e) when (RpcProblem.Of(e).ExitCode == ExitCode.NotSignedIn)
            {
                File.Delete(path);
            }
        }

        return signIn is not null
            ? Keep(await signIn(cancellationToken).ConfigureAwait(false))
            : throw new CliException(ExitCode.NotSignedIn, session is null ? $"Nobody is signed in to {url}." : "The session has ended.",
                "Sign in: mcc login --email … (or use a demo account: --as doctor)");
    }

    private StoredSession Keep(SessionTokens tokens)
    {
        StoredSession session = new(url, tokens.Account.Email, tokens.AccessToken, tokens.AccessExpireTime.ToDateTimeOffset(),
            tokens.RefreshToken, tokens.RefreshExpireTime.ToDateTimeOffset());
        session.Write(path);
        return _current = session;
    }
}
