using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Cli.Demo;

/// <summary>Credentials of a demo account.</summary>
/// <param name="Email">Its address.</param>
/// <param name="Password">Random, made with the account.</param>
internal sealed record DemoAccount(string Email, string Password);

/// <summary>The demo accounts of a local mesh, kept in <c>demo/accounts.json</c> (0600) so that <c>--as</c> can use them.</summary>
/// <param name="Doctor">A health professional.</param>
/// <param name="Researcher">A researcher.</param>
/// <param name="Admin">An administrator.</param>
internal sealed record DemoAccounts(DemoAccount Doctor, DemoAccount Researcher, DemoAccount Admin)
{
    /// <summary>The account of a role; null for an unknown word.</summary>
    public DemoAccount? Of(string role) => role switch
    {
        "doctor" => Doctor,
        "researcher" => Researcher,
        "admin" => Admin,
        _ => null,
    };

    /// <summary>Reads them; null if none were made.</summary>
    public static DemoAccounts? Read(DataDirectory data)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(PathIn(data)), DemoAccountsJson.Default.DemoAccounts);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Makes the accounts that are missing. Doing it again changes nothing.</summary>
    public static async Task<DemoAccounts> EnsureAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        SecretFile.CreateDirectory(data.Demo);
        using FileLock held = await FileLock.TakeAsync(PathIn(data) + ".lock", TimeSpan.FromSeconds(60), cancellationToken).ConfigureAwait(false);
        DemoAccounts accounts = Read(data) ?? New(data);
        using OperatorConnection mesh = OperatorConnection.Open(data);
        await EnsureAsync(mesh, accounts.Doctor, "Demo Doctor", Role.HealthProfessional, cancellationToken).ConfigureAwait(false);
        await EnsureAsync(mesh, accounts.Researcher, "Demo Researcher", Role.Researcher, cancellationToken).ConfigureAwait(false);
        await EnsureAsync(mesh, accounts.Admin, "Demo Administrator", Role.Administrator, cancellationToken).ConfigureAwait(false);
        return accounts;
    }

    private static async Task EnsureAsync(OperatorConnection mesh, DemoAccount demo, string name, Role role, CancellationToken cancellationToken)
    {
        try
        {
            await mesh.Accounts.CreateAccountAsync(
                new CreateAccountRequest { Email = demo.Email, Password = demo.Password, DisplayName = name, Role = role },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException e) when (RpcProblem.Of(e).Reason == "ALREADY_EXISTS")
        {
            // Made by an earlier run, with the password that the file holds.
        }
    }

    // The file comes first: an account whose password was lost with a crash would be in the way for ever.
    private static DemoAccounts New(DataDirectory data)
    {
        static DemoAccount Account(string role) => new($"{role}@demo.example", RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 20));
        DemoAccounts made = new(Account("doctor"), Account("researcher"), Account("admin"));
        SecretFile.Write(PathIn(data), JsonSerializer.SerializeToUtf8Bytes(made, DemoAccountsJson.Default.DemoAccounts));
        return made;
    }

    private static string PathIn(DataDirectory data) => Path.Combine(data.Demo, "accounts.json");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DemoAccounts))]
internal sealed partial class DemoAccountsJson : JsonSerializerContext;
