using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client.Configuration;
using MedCloudCare.Auth.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Connections;

/// <summary>Repeats calls that the mesh could not answer, if their contract says that repeating them does no harm.</summary>
internal static class IdempotentRetries
{
    /// <summary>The channel configuration: retries of the RPCs with an idempotency level, and of no others.</summary>
    public static ServiceConfig Configuration()
    {
        MethodConfig method = new()
        {
            RetryPolicy = new RetryPolicy
            {
                MaxAttempts = 5,
                InitialBackoff = TimeSpan.FromMilliseconds(300),
                MaxBackoff = TimeSpan.FromSeconds(4),
                BackoffMultiplier = 2,
                RetryableStatusCodes = { StatusCode.Unavailable },
            },
        };
        ServiceDescriptor[] services =
        [
            AuthService.Descriptor, DicomPeerService.Descriptor, StudyService.Descriptor, SharingService.Descriptor, ModelService.Descriptor, InferenceService.Descriptor,
        ];
        foreach (MethodDescriptor rpc in services.SelectMany(s => s.Methods).Where(IsRepeatable))
        {
            method.Names.Add(new MethodName { Service = rpc.Service.FullName, Method = rpc.Name });
        }

        ServiceConfig configuration = new();
        configuration.MethodConfigs.Add(method);
        return configuration;
    }

    private static bool IsRepeatable(MethodDescriptor rpc) =>
        rpc.GetOptions()?.IdempotencyLevel is MethodOptions.Types.IdempotencyLevel.Idempotent or MethodOptions.Types.IdempotencyLevel.NoSideEffects;
}
