using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests;

/// <summary>One mesh for all tests of this assembly that do not need their own. xunit looks for it in the test assembly.</summary>
[CollectionDefinition(Name)]
public sealed class MeshCollection : ICollectionFixture<MeshFixture>
{
    public const string Name = "Mesh";
}
