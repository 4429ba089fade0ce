using Grpc.Core;
using MedCloudCare.Keys.V1;
using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>The wrapped keys of studies, for the operator.</summary>
internal sealed class StudyKeysGrpc(IDataKeyStore keys) : KeyService.KeyServiceBase
{
    public override async Task<ListKeyUsesResponse> ListKeyUses(ListKeyUsesRequest request, ServerCallContext context)
    {
        ListKeyUsesResponse response = new();
        foreach ((string master, long count) in await keys.CountByMasterKeyAsync(context.CancellationToken))
        {
            response.Uses.Add(new KeyUse { MasterKey = master, Keys = count });
        }

        return response;
    }

    public override async Task RewrapKeys(RewrapKeysRequest request, IServerStreamWriter<RewrapKeysProgress> responses, ServerCallContext context)
    {
        await foreach (RewrapProgress progress in keys.RewrapAsync(context.CancellationToken))
        {
            await responses.WriteAsync(
                new RewrapKeysProgress { Fraction = progress.Fraction, Wrapped = progress.Wrapped, Unreadable = progress.Unreadable }, context.CancellationToken);
        }
    }
}
