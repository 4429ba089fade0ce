using MedCloudCare.Auth.V1;

namespace MedCloudCare.Grants.Resources;

/// <summary>Looks accounts up in auth.</summary>
public sealed class AccountDirectory(AuthService.AuthServiceClient auth)
{
    // The limit of one call of auth.
    private const int Batch = 100;

    /// <summary>The account of a name or an address, or null.</summary>
    public async Task<Account?> FindAsync(string name, string email, CancellationToken cancellation)
    {
        var request = new ResolveAccountsRequest();
        if (name.Length > 0)
        {
            request.Names.Add(name);
        }
        else
        {
            request.Emails.Add(email);
        }

        return (await auth.ResolveAccountsAsync(request, cancellationToken: cancellation)).Accounts.SingleOrDefault();
    }

    /// <summary>Display names by account.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> DisplayNamesAsync(IEnumerable<Guid> accounts, CancellationToken cancellation)
    {
        var names = new Dictionary<Guid, string>();
        foreach (var batch in accounts.Distinct().Chunk(Batch))
        {
            var request = new ResolveAccountsRequest { Names = { batch.Select(id => $"accounts/{id}") } };
            foreach (var account in (await auth.ResolveAccountsAsync(request, cancellationToken: cancellation)).Accounts)
            {
                names[Guid.Parse(account.Name.AsSpan("accounts/".Length))] = account.DisplayName;
            }
        }

        return names;
    }
}
