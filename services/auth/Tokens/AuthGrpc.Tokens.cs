using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using Delegation = MedCloudCare.Auth.V1.Delegation;

namespace MedCloudCare.Accounts;

public sealed partial class AuthGrpc
{
    private const int MaximumResources = 8;

    /// <summary>The one service that runs jobs for users.</summary>
    private const string Delegate = "inference";

    public override Task<Auth.V1.SigningKeys> GetSigningKeys(GetSigningKeysRequest request, ServerCallContext context) =>
        signingKeys.PublishAsync(context.CancellationToken);

    public override async Task<Delegation> CreateDelegation(CreateDelegationRequest request, ServerCallContext context)
    {
        var caller = context.Caller();
        if (caller.Peer != Delegate)
        {
            throw MeshErrors.NotPermitted("Only the inference service gets delegations.");
        }

        if (request.Resources.Count is 0 or > MaximumResources || !request.Resources.All(r => DelegableResource().IsMatch(r)))
        {
            throw MeshErrors.Invalid("resources", $"must name 1 to {MaximumResources} series or model versions");
        }

        var token = await tokens.DelegationAsync(caller.AccountId, caller.Role, caller.Peer, request.Resources, context.CancellationToken);
        return new Delegation { Token = token.Text, ExpireTime = Timestamp.FromDateTimeOffset(token.ExpireTime) };
    }

    [GeneratedRegex(@"\A(series/[0-9.]{1,64}|models/[0-9a-f-]{36}/versions/[0-9]{1,9})\z")]
    private static partial Regex DelegableResource();
}
