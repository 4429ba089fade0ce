using Microsoft.Extensions.Logging.Abstractions;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class HousekeepingTests(PostgresFixture postgres)
{
    [SkippableFact]
    public async Task Of_an_account_s_uploads_those_used_last_can_be_gone_on_with_and_others_accounts_are_not_touched()
    {
        await using Archive archive = await Archive.CreateAsync(postgres, o => o.MaxOpenUploads = 3);
        Guid busy = Guid.NewGuid(), other = Guid.NewGuid();
        for (int i = 0; i < 5; i++)
        {
            await archive.ExecuteAsync($"INSERT INTO uploads (id, account, update_time) VALUES (gen_random_uuid(), '{busy}', now() - interval '{i} minutes')");
        }

        await archive.CreateUploadAsync(other);
        await archive.ExecuteAsync($"INSERT INTO uploads (id, account, update_time) VALUES (gen_random_uuid(), '{other}', now() - interval '8 days')");
        using Housekeeping housekeeping = new(
            archive.Database, archive.Store, archive.Packs, archive.Registry, archive.Options, TimeProvider.System, NullLogger<Housekeeping>.Instance);

        await housekeeping.SweepAsync(CancellationToken.None);

        Assert.Equal(3, await archive.CountAsync($"SELECT count(*) FROM uploads WHERE account = '{busy}' AND update_time > now() - interval '170 seconds'"));
        Assert.Equal(3, await archive.CountAsync($"SELECT count(*) FROM uploads WHERE account = '{busy}'"));
        Assert.Equal(1, await archive.CountAsync($"SELECT count(*) FROM uploads WHERE account = '{other}'"));
    }
}
