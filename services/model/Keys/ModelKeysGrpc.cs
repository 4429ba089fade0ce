using Grpc.Core;
using MedCloudCare.Keys.V1;
using MedCloudCare.Models.Storage;
using MedCloudCare.Sealing;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Models;

/// <summary>The wrapped keys of model versions, for the operator.</summary>
internal sealed class ModelKeysGrpc(IDbContextFactory<ModelContext> contexts, PackageStore store) : KeyService.KeyServiceBase
{
    public override async Task<ListKeyUsesResponse> ListKeyUses(ListKeyUsesRequest request, ServerCallContext context)
    {
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        List<byte[]> wrapped = await db.Versions.Select(v => v.WrappedKey).ToListAsync(context.CancellationToken);
        ListKeyUsesResponse response = new();
        response.Uses.AddRange(wrapped.GroupBy(store.MasterKeyOf).Select(g => new KeyUse { MasterKey = g.Key, Keys = g.Count() }));
        return response;
    }

    public override async Task RewrapKeys(RewrapKeysRequest request, IServerStreamWriter<RewrapKeysProgress> responses, ServerCallContext context)
    {
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        List<VersionRow> versions = await db.Versions.AsNoTracking().ToListAsync(context.CancellationToken);
        RewrapKeysProgress progress = new();
        for (int i = 0; i < versions.Count; i++)
        {
            try
            {
                progress.Wrapped += await RewrapAsync(db, versions[i], context.CancellationToken) ? 1 : 0;
            }
            catch (SealedDataException)
            {
                progress.Unreadable++;
            }

            progress.Fraction = (i + 1.0) / versions.Count;
            await responses.WriteAsync(progress, context.CancellationToken);
        }

        progress.Fraction = 1;
        await responses.WriteAsync(progress, context.CancellationToken);
    }

    private async Task<bool> RewrapAsync(ModelContext db, VersionRow version, CancellationToken cancellationToken)
    {
        byte[] present = version.WrappedKey;
        return store.Rewrap(version.Id, present) is { } wrapped
            && await db.Versions.Where(v => v.Id == version.Id && v.WrappedKey == present)
                .ExecuteUpdateAsync(v => v.SetProperty(row => row.WrappedKey, wrapped), cancellationToken) == 1;
    }
}
