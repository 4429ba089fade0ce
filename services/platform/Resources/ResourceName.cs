using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Platform.Resources;

/// <summary>Resource names of one collection and a UUID: <c>studies/{uuid}</c>.</summary>
public static class ResourceName
{
    /// <summary>The UUID of a name.</summary>
    /// <param name="collection">What the name must begin with: <c>studies</c>.</param>
    /// <param name="name">The name as the client sent it.</param>
    /// <param name="field">The request's field, for the error.</param>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT FIELD_INVALID.</exception>
    public static Guid Parse(string collection, string name, string field = "name") =>
        TryParse(collection, name, out var id)
            ? id
            : throw MeshErrors.Invalid(field, $"must be of the form {collection}/{{uuid}}");

    /// <summary>The UUID of a name, or false.</summary>
    public static bool TryParse(string collection, string name, out Guid id)
    {
        id = default;
        return name.Length == collection.Length + 37
            && name.StartsWith(collection, StringComparison.Ordinal)
            && name[collection.Length] == '/'
            && Guid.TryParseExact(name.AsSpan(collection.Length + 1), "D", out id);
    }

    /// <summary>The name of a UUID.</summary>
    public static string Of(string collection, Guid id) => $"{collection}/{id:D}";
}
