using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Konscious.Security.Cryptography;

namespace MedCloudCare.Accounts.Passwords;

/// <summary>
/// Argon2id (RFC 9106) in the PHC string format <c>$argon2id$v=19$m=…,t=…,p=…$salt$hash</c>. Cost: 19 MiB, 2 passes, 1 lane,
/// the OWASP minimum of 2025; a hash carries its own cost, so that it can be raised. Only as many are computed at once as
/// there are processors, so that sign-ins cannot exhaust memory.
/// </summary>
public sealed class PasswordHasher : IDisposable
{
    private const int MemoryKiB = 19 * 1024;
    private const int Passes = 2;
    private const int Lanes = 1;
    private const int SaltLength = 16;
    private const int HashLength = 32;

    private readonly SemaphoreSlim slots = new(Environment.ProcessorCount);

    // Verified when an account is unknown, so that the answer takes as long as for a known one.
    private readonly string decoy = Format(RandomNumberGenerator.GetBytes(SaltLength), RandomNumberGenerator.GetBytes(HashLength));

    /// <summary>The PHC string of a password under a new salt.</summary>
    public async Task<string> HashAsync(string password, CancellationToken cancellation)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return Format(salt, await ComputeAsync(password, salt, MemoryKiB, Passes, Lanes, cancellation));
    }

    /// <summary>Whether a password has this hash; null stands for an account that does not exist and takes as long.</summary>
    public async Task<bool> VerifyAsync(string password, string? hash, CancellationToken cancellation)
    {
        var parts = (hash ?? decoy).Split('$');
        var cost = parts[3].Split(',').Select(p => int.Parse(p.AsSpan(2), CultureInfo.InvariantCulture)).ToArray();
        var expected = Decode(parts[5]);
        var actual = await ComputeAsync(password, Decode(parts[4]), cost[0], cost[1], cost[2], cancellation);
        return CryptographicOperations.FixedTimeEquals(actual, expected) && hash is not null;
    }

    public void Dispose() => slots.Dispose();

    private async Task<byte[]> ComputeAsync(string password, byte[] salt, int memory, int passes, int lanes, CancellationToken cancellation)
    {
        var secret = Encoding.UTF8.GetBytes(password);
        await slots.WaitAsync(cancellation);
        try
        {
            return await Task.Run(
                () =>
                {
                    using var argon = new Argon2id(secret) { Salt = salt, MemorySize = memory, Iterations = passes, DegreeOfParallelism = lanes };
                    return argon.GetBytes(HashLength);
                },
                cancellation);
        }
        finally
        {
            slots.Release();
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static string Format(byte[] salt, byte[] hash) =>
        $"$argon2id$v=19$m={MemoryKiB},t={Passes},p={Lanes}${Encode(salt)}${Encode(hash)}";

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[] Decode(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
}
