using System.Text;
using MedCloudCare.Auth.V1;
using MedCloudCare.Sealing;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Accounts.Data;

/// <summary>Seals and opens what accounts hold, and finds them by the HMAC of their address.</summary>
public sealed class AccountSeal : IDisposable
{
    private readonly DataKey rows;
    private readonly BlindIndex index;

    public AccountSeal(IOptions<AuthOptions> options)
    {
        var keyring = Keyring.Load(options.Value.Keyring);
        rows = DataKey.FromSecret(Guid.Empty, keyring.DeriveKey("auth/rows"));
        index = new BlindIndex(keyring.DeriveKey("auth/email"));
    }

    /// <summary>The HMAC of an address, compared without case.</summary>
    public byte[] EmailKey(string email) => index.Compute("email", email.Trim().ToLowerInvariant());

    public byte[] Seal(string value, Guid row, string column) =>
        rows.SealRow(Encoding.UTF8.GetBytes(value), AssociatedData.ForColumn("accounts", row, column));

    public byte[] SealKey(ReadOnlySpan<byte> pkcs8, Guid row) =>
        rows.SealRow(pkcs8, AssociatedData.ForColumn("signing_keys", row, "private_key"));

    public byte[] OpenKey(SigningKeyRow row) =>
        rows.OpenRow(row.PrivateKey, AssociatedData.ForColumn("signing_keys", row.Id, "private_key"));

    /// <summary>The resource of a row.</summary>
    public Account ToAccount(AccountRow row) => new()
    {
        Name = $"accounts/{row.Id}",
        Email = Open(row.Email, row.Id, "email"),
        DisplayName = Open(row.DisplayName, row.Id, "display_name"),
        Role = (Common.V1.Role)row.Role,
        State = (Account.Types.State)row.State,
        CreateTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(row.CreateTime),
    };

    public void Dispose()
    {
        rows.Dispose();
        index.Dispose();
    }

    private string Open(byte[] value, Guid row, string column) =>
        Encoding.UTF8.GetString(rows.OpenRow(value, AssociatedData.ForColumn("accounts", row, column)));
}
