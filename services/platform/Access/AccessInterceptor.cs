using Grpc.Core;
using Grpc.Core.Interceptors;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Hosting;

namespace MedCloudCare.Platform.Access;

/// <summary>Denies every call that the access rule of its RPC does not allow, before the handler runs.</summary>
internal sealed class AccessInterceptor(TokenValidator tokens) : Interceptor
{
    private const string BearerPrefix = "Bearer ";

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        return await continuation(request, context);
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        return await continuation(requests, context);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        await continuation(request, responses, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        await continuation(requests, responses, context);
    }

    private async ValueTask AdmitAsync(ServerCallContext context)
    {
        var rule = AccessTable.Find(context.Method)
            ?? throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.RoleNotAllowed, "Nobody may call this method.");
        var peer = MeshCertificates.ServiceOf(context.GetHttpContext().Connection.ClientCertificate) ?? "";
        context.UserState[CallerExtensions.Key] = await IdentifyAsync(rule, peer, context);
    }

    private async ValueTask<Caller> IdentifyAsync(AccessRule rule, string peer, ServerCallContext context)
    {
        var delegation = context.RequestHeaders.GetValue(MeshHeaders.DelegationName);
        if (delegation is not null)
        {
            // 1. A delegation stands in for the user, only at RPCs that say so and only in the hands it was given to.
            if (!rule.Delegated)
            {
                throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.RoleNotAllowed, "This method does not accept a delegation.");
            }

            return Admit(rule, await tokens.ValidateDelegationAsync(delegation, peer, context.CancellationToken));
        }

        var authorization = context.RequestHeaders.GetValue(MeshHeaders.AuthorizationName);
        if (authorization is null)
        {
            // 2. Without a token: anybody where the rule says so, or a named service of the mesh.
            if (rule.Anonymous || rule.Services.Contains(peer))
            {
                return new Caller { Peer = peer };
            }

            throw rule.Roles.Count > 0 || rule.AnyAccount
                ? MeshErrors.TokenInvalid("Sign in: this call needs an access token.")
                : MeshErrors.Of(StatusCode.PermissionDenied, Reason.RoleNotAllowed, "This method is for services of the mesh.");
        }

        // 3. With a token it must be good, unless nobody needs one: a stale token is no obstacle to signing in again.
        if (!authorization.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase))
        {
            throw MeshErrors.TokenInvalid("The authorization header is not of the form \"Bearer …\".");
        }

        if (rule.Anonymous)
        {
            return new Caller { Peer = peer };
        }

        return Admit(rule, await tokens.ValidateAccessAsync(authorization[BearerPrefix.Length..], peer, context.CancellationToken));
    }

    private static Caller Admit(AccessRule rule, ValidatedToken token)
    {
        if (rule.AnyAccount)
        {
            return token.Caller;
        }

        if (!token.Approved)
        {
            throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.AccountNotApproved, "The account waits for an administrator's approval.");
        }

        if (!rule.Roles.Contains(token.Caller.Role))
        {
            throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.RoleNotAllowed, "The account's role may not call this method.");
        }

        return token.Caller;
    }
}
