using System.Text;
using CsCheck;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Storage;
using MedCloudCare.Sealing;

namespace MedCloudCare.Models.Tests;

public sealed class PackageStoreTests
{
    [Fact]
    public void The_digest_depends_on_paths_and_contents_and_not_on_the_order()
    {
        Gen<PackageFile> file = Gen.Select(Gen.String[Gen.Char['a', 'e'], 1, 4], Gen.Long[0, 1000], Gen.Byte.Array[32], (path, size, hash) => new PackageFile(0, path, size, hash));
        Gen.Select(file.Array[1, 12], Gen.Int).Sample((files, seed) =>
        {
            PackageFile[] distinct = [.. files.DistinctBy(f => f.Path)];
            string digest = PackageDigest.Of(distinct);
            PackageFile[] shuffled = [.. distinct];
            new Random(seed).Shuffle(shuffled);
            Assert.Equal(digest, PackageDigest.Of(shuffled));
            Assert.NotEqual(digest, PackageDigest.Of([distinct[0] with { Size = distinct[0].Size + 1 }, .. distinct[1..]]));
            Assert.NotEqual(digest, PackageDigest.Of([distinct[0] with { Path = distinct[0].Path + "x" }, .. distinct[1..]]));
            Assert.NotEqual(digest, PackageDigest.Of(distinct[1..]));
        });
    }

    [Fact]
    public async Task A_kept_package_is_sealed_and_comes_back_as_it_was()
    {
        using var test = new TestStore();
        string secret = string.Concat(Enumerable.Repeat("weights of the model; ", 10_000));
        IncomingPackage package = await test.PackageAsync(("main.py", "# code"), ("data/w.txt", secret));
        test.Store.Keep(package);
        package.Dispose();
        foreach (string path in Directory.EnumerateFiles(test.Options.Store, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("weights of the", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path)), StringComparison.Ordinal);
        }

        (VersionRow version, FileRow[] files) = Rows(package);
        string target = Directory.CreateDirectory(Path.Combine(test.Home, "out")).FullName;
        await test.Store.UnpackAsync(version, files, target, CancellationToken.None);
        Assert.Equal(secret, await File.ReadAllTextAsync(Path.Combine(target, "data", "w.txt")));
    }

    [Fact]
    public async Task A_tampered_package_is_not_unpacked()
    {
        using var test = new TestStore();
        IncomingPackage package = await test.PackageAsync(("main.py", new string('x', 200_000)), ("other.py", new string('y', 200_000)));
        test.Store.Keep(package);
        package.Dispose();
        (VersionRow version, FileRow[] files) = Rows(package);
        string[] stored = [.. Directory.EnumerateFiles(Path.Combine(test.Options.Store, package.Version.ToString("N"))).Order()];
        byte[] first = await File.ReadAllBytesAsync(stored[0]);
        byte[] flipped = [.. first];
        flipped[100_000] ^= 1;
        await File.WriteAllBytesAsync(stored[0], flipped);
        await Assert.ThrowsAsync<SealedDataException>(() => UnpackAsync(test, version, files));
        // One file in the place of another is refused as well.
        File.Copy(stored[1], stored[0], overwrite: true);
        await Assert.ThrowsAsync<SealedDataException>(() => UnpackAsync(test, version, files));
        await File.WriteAllBytesAsync(stored[0], first[..^70_000]);
        await Assert.ThrowsAnyAsync<Exception>(() => UnpackAsync(test, version, files));
        await File.WriteAllBytesAsync(stored[0], first);
        await UnpackAsync(test, version, files);
    }

    [Fact]
    public async Task A_package_that_is_not_kept_leaves_nothing()
    {
        using var test = new TestStore();
        IncomingPackage package = await test.PackageAsync(("main.py", "# code"));
        package.Dispose();
        Assert.Empty(Directory.EnumerateFiles(test.Options.Store, "*", SearchOption.AllDirectories));
    }

    private static Task UnpackAsync(TestStore test, VersionRow version, FileRow[] files) =>
        test.Store.UnpackAsync(version, files, Directory.CreateDirectory(Path.Combine(test.Home, Guid.NewGuid().ToString("N"))).FullName, CancellationToken.None);

    private static (VersionRow Version, FileRow[] Files) Rows(IncomingPackage package) => (
        new VersionRow { Id = package.Version, WrappedKey = package.WrappedKey },
        [.. package.Files.Select(f => new FileRow { VersionId = package.Version, Position = f.Position, Path = f.Path, Size = f.Size, Sha256 = f.Sha256 })]);
}
