using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;
using MedCloudCare.Sealing;

namespace MedCloudCare.Cli.Keys;

/// <summary>
/// <c>mcc keys</c>: the master keys of the local mesh. The keyring is a file, changed here; what it wraps is rewrapped by the
/// services that hold it, while they serve.
/// </summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", "The master keys that wrap all other keys: list, rotate, retire, remove.")
    {
        List(), Rotate(), Rewrap(), Retire(), Remove(),
    };

    private static Command List()
    {
        Command command = new("list", "List the master keys, oldest first, and what each of them wraps.") { CommonOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            Keyring keyring = Load(data);
            using KeyServices services = KeyServices.Open(data);
            IReadOnlyDictionary<Guid, List<string>> uses = await services.UsesAsync(cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(CommonOptions.Json))
            {
                Terminal.Result(JsonSerializer.Serialize(keyring.Keys.Select(k => new
                {
                    id = k.Id,
                    created = k.Created,
                    state = StateOf(k),
                    wraps = uses.GetValueOrDefault(k.Id) ?? [],
                })));
                return ExitCode.Ok;
            }

            TextTable table = new(["CREATED", "STATE", "WRAPS", "KEY"]);
            foreach (MasterKeyInfo key in keyring.Keys)
            {
                table.Add([
                    key.Created.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), StateOf(key),
                    uses.TryGetValue(key.Id, out List<string>? list) ? string.Join(", ", list) : "nothing", key.Id.ToString()]);
            }

            table.Write();
            foreach (Guid lost in uses.Keys.Except(keyring.Keys.Select(k => k.Id)))
            {
                Terminal.Note($"{string.Join(", ", uses[lost])} are wrapped by the master key {lost}, which the keyring does not hold: they cannot be opened.");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Rotate()
    {
        Command command = new("rotate", "Make a new primary master key, wrap everything under it and retire the former ones. The mesh goes on meanwhile.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            Keyring keyring = Load(data);
            using KeyServices services = KeyServices.Open(data);

            // The services must answer before anything is changed.
            await services.UsesAsync(cancellationToken).ConfigureAwait(false);
            Guid primary = keyring.Rotate();
            Terminal.Note($"The new primary master key is {primary}. Back the keyring up: {keyring.Path}");
            await RewrapAllAsync(services, keyring, cancellationToken).ConfigureAwait(false);
            foreach (MasterKeyInfo former in keyring.Keys.Where(k => !k.IsPrimary && k.State == MasterKeyState.Active))
            {
                keyring.Retire(former.Id);
                Terminal.Note($"Retired {former.Id}; when no backup needs it any more: mcc keys remove {former.Id}");
            }

            Terminal.Result(primary.ToString());
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Rewrap()
    {
        Command command = new("rewrap", "Wrap everything under the primary: finishes a rotation that was interrupted.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            Keyring keyring = Load(data);
            using KeyServices services = KeyServices.Open(data);
            await RewrapAllAsync(services, keyring, cancellationToken).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Retire()
    {
        Argument<Guid> id = KeyArgument();
        Command command = new("retire", "Let a master key unwrap only; it can no longer become the primary.") { id };
        command.SetAction(parsed => Change(() => Load(parsed.DataDirectory()).Retire(parsed.GetRequiredValue(id))));
        return command;
    }

    private static Command Remove()
    {
        Argument<Guid> id = KeyArgument();
        Command command = new("remove", "Remove a retired master key for good. Refused while it wraps anything. Backups of the key store made before the rotation cannot be opened without it.") { id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            Guid key = parsed.GetRequiredValue(id);
            Keyring keyring = Load(data);
            using KeyServices services = KeyServices.Open(data);
            IReadOnlyDictionary<Guid, List<string>> uses = await services.UsesAsync(cancellationToken).ConfigureAwait(false);
            return uses.TryGetValue(key, out List<string>? list)
                ? throw CliException.Failed($"The master key {key} wraps keys: {string.Join(", ", list)}.", "Wrap them under the primary first: mcc keys rewrap")
                : Change(() => keyring.Remove(key));
        });
        return command;
    }

    /// <summary>Rewraps until a pass finds nothing: what was being written during a pass is caught by the next.</summary>
    private static async Task RewrapAllAsync(KeyServices services, Keyring keyring, CancellationToken cancellationToken)
    {
        long total = 0;
        while (true)
        {
            (long wrapped, long unreadable) = await ProgressView.RunAsync(
                "Wrapping keys under the primary", report => services.RewrapAsync(report, cancellationToken)).ConfigureAwait(false);
            total += wrapped;
            if (unreadable > 0)
            {
                throw CliException.Failed(
                    $"{total} keys were wrapped anew; {unreadable} cannot be opened and were left as they are. No master key was retired.", "See mcc keys list.");
            }

            if (wrapped == 0)
            {
                break;
            }
        }

        IReadOnlyDictionary<Guid, List<string>> uses = await services.UsesAsync(cancellationToken).ConfigureAwait(false);
        if (uses.Keys.Any(k => k != keyring.PrimaryId))
        {
            throw CliException.Failed("Keys are still wrapped by a former master key.", "See mcc keys list, then: mcc keys rewrap");
        }

        Terminal.Note($"{total} keys were wrapped anew; the primary wraps all.");
    }

    private static int Change(Action change)
    {
        try
        {
            change();
            return ExitCode.Ok;
        }
        catch (KeyringException e)
        {
            throw CliException.Failed(e.Message, e.Problem == KeyringProblem.InvalidKey ? "See mcc keys list." : null);
        }
    }

    private static Keyring Load(DataDirectory data)
    {
        try
        {
            return Keyring.Load(data.Keyring);
        }
        catch (KeyringException e)
        {
            throw CliException.Failed(e.Message);
        }
    }

    private static Argument<Guid> KeyArgument() => new("key") { Description = "Id of the master key (mcc keys list)." };

    private static string StateOf(MasterKeyInfo key) => key.IsPrimary ? "primary" : key.State.ToString().ToLowerInvariant();
}
