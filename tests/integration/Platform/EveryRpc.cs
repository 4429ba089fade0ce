using Google.Protobuf.Reflection;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;

namespace MedCloudCare.IntegrationTests.Platform;

/// <summary>Calls any RPC of the contracts with an empty request, so that tests can walk all of them.</summary>
internal static class EveryRpc
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(bytes => bytes, bytes => bytes);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>All RPCs of all services.</summary>
    public static IReadOnlyList<MethodDescriptor> All { get; } = [.. AccessTable.Files.SelectMany(f => f.Services).SelectMany(s => s.Methods)];

    /// <summary>The rule that stands in the contract.</summary>
    public static AccessRule? RuleOf(MethodDescriptor rpc) => rpc.GetOptions()?.GetExtension(AccessExtensions.Access);

    /// <summary>The status that an empty request gets.</summary>
    public static async Task<RpcException?> CallAsync(CallInvoker invoker, MethodDescriptor rpc, Metadata headers)
    {
        var type = rpc.IsClientStreaming
            ? rpc.IsServerStreaming ? MethodType.DuplexStreaming : MethodType.ClientStreaming
            : rpc.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary;
        var method = new Method<byte[], byte[]>(type, rpc.Service.FullName, rpc.Name, Raw, Raw);
        var options = new CallOptions(headers, DateTime.UtcNow + Limit);
        try
        {
            await CallAsync(invoker, method, options);
            return null;
        }
        catch (RpcException e)
        {
            return e;
        }
    }

    private static async Task CallAsync(CallInvoker invoker, Method<byte[], byte[]> method, CallOptions options)
    {
        switch (method.Type)
        {
            case MethodType.Unary:
                await invoker.AsyncUnaryCall(method, null, options, []);
                break;
            case MethodType.ServerStreaming:
                using (var call = invoker.AsyncServerStreamingCall(method, null, options, []))
                {
                    await call.ResponseStream.MoveNext(CancellationToken.None);
                }

                break;
            case MethodType.ClientStreaming:
                using (var call = invoker.AsyncClientStreamingCall(method, null, options))
                {
                    await call.RequestStream.CompleteAsync();
                    await call;
                }

                break;
            default:
                throw new InvalidOperationException("There is no bidirectional RPC among the public services.");
        }
    }
}
