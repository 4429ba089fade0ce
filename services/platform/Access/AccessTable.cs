using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Platform.Access;

/// <summary>The access rules of all RPCs, read from the contracts.</summary>
public static class AccessTable
{
    /// <summary>The contracts' files that hold services, the pod's excepted (a pod has no callers but its mesh).</summary>
    public static readonly IReadOnlyList<FileDescriptor> Files =
    [
        Auth.V1.AuthReflection.Descriptor,
        Auth.V1.DicomPeersReflection.Descriptor,
        Study.V1.StudyReflection.Descriptor,
        Study.V1.ArchiveReflection.Descriptor,
        Sharing.V1.SharingReflection.Descriptor,
        Model.V1.ModelReflection.Descriptor,
        Inference.V1.InferenceReflection.Descriptor,
        Keys.V1.KeysReflection.Descriptor,
    ];

    private static readonly FrozenDictionary<string, AccessRule> Rules = Files
        .SelectMany(f => f.Services)
        .SelectMany(s => s.Methods)
        .Select(m => (Name: NameOf(m), Rule: m.GetOptions()?.GetExtension(AccessExtensions.Access)))
        .Where(p => p.Rule is not null)
        .ToFrozenDictionary(p => p.Name, p => p.Rule!, StringComparer.Ordinal);

    // Health and reflection are the framework's, so their rule stands here instead of in a contract.
    private static readonly AccessRule Operations = new() { Services = { "operator", "gateway" } };

    /// <summary>The rule of an RPC, or null: then nobody may call it.</summary>
    /// <param name="method"><c>/package.Service/Method</c></param>
    public static AccessRule? Find(string method)
    {
        if (Rules.TryGetValue(method, out var rule))
        {
            return rule;
        }

        return method.StartsWith("/grpc.health.v1.", StringComparison.Ordinal) || method.StartsWith("/grpc.reflection.", StringComparison.Ordinal)
            ? Operations
            : null;
    }

    /// <summary>Whether an RPC is meant for people outside the mesh (through the gateway), not for services alone.</summary>
    public static bool IsPublic(MethodDescriptor method) =>
        Find(NameOf(method)) is { } rule && (rule.Anonymous || rule.AnyAccount || rule.Roles.Count > 0);

    /// <summary>The path of an RPC on the wire.</summary>
    public static string NameOf(MethodDescriptor method) => $"/{method.Service.FullName}/{method.Name}";
}
