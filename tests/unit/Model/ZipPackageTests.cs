using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Common.V1;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Storage;

namespace MedCloudCare.Models.Tests;

public sealed class ZipPackageTests : IDisposable
{
    private static readonly byte[] s_code = Encoding.UTF8.GetBytes("print('hello')\n");

    private readonly TestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task An_archive_is_unpacked_into_its_files()
    {
        byte[] weights = new byte[3_000_000];
        new Random(1).NextBytes(weights);
        using IncomingPackage package = await _store.UnpackAsync(TestStore.Zip(("main.py", s_code), ("data/weights.bin", weights), ("empty/__init__.py", [])));
        Assert.Equal(["main.py", "data/weights.bin", "empty/__init__.py"], package.Files.Select(f => f.Path));
        await using SealedFileStream stream = package.Open(package.Files[1]);
        byte[] back = new byte[weights.Length];
        await stream.ReadExactlyAsync(back);
        Assert.Equal(weights, back);
    }

    [Fact]
    public async Task A_single_folder_around_everything_is_taken_off()
    {
        using IncomingPackage package = await _store.UnpackAsync(TestStore.Zip(("model-1.0/main.py", s_code), ("model-1.0/lib/a.py", s_code), ("__MACOSX/._main.py", s_code)));
        Assert.Equal(["main.py", "lib/a.py"], package.Files.Select(f => f.Path));
    }

    [Fact]
    public async Task An_archive_whose_length_of_the_list_of_entries_is_only_in_a_Zip64_record_is_refused()
    {
        byte[] plain = TestStore.Zip(("main.py", s_code));
        byte[] end = plain[^22..];
        int start = BinaryPrimitives.ReadInt32LittleEndian(end.AsSpan(16));
        byte[] record = new byte[56];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 0x06064b50);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(4), 44);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(24), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(32), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(40), (ulong)(plain.Length - 22 - start));
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(48), (ulong)start);
        byte[] locator = new byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(locator, 0x07064b50);
        BinaryPrimitives.WriteUInt64LittleEndian(locator.AsSpan(8), (ulong)(plain.Length - 22));
        BinaryPrimitives.WriteUInt32LittleEndian(locator.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(16), uint.MaxValue);
        PackageException error = await RefusedAsync([.. plain[..^22], .. record, .. locator, .. end]);
        Assert.Equal(Reason.ModelPackageInvalid, error.Reason);
        Assert.Contains("Zip64", error.Message, StringComparison.Ordinal);
        AssertNothingStays();
    }

    [Theory]
    [InlineData("../main.py")]
    [InlineData("a/../../main.py")]
    [InlineData("/etc/cron.d/x")]
    [InlineData("..\\main.py")]
    [InlineData("C:/main.py")]
    [InlineData("a//b.py")]
    [InlineData("./main.py")]
    [InlineData("a/ b.py")]
    [InlineData("main.py\u0000.txt")]
    [InlineData("a\u202egpj.py")]
    [InlineData("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17.py")]
    public async Task A_path_that_is_not_plain_refuses_the_archive(string path)
    {
        PackageException error = await RefusedAsync(TestStore.Zip(("main.py", s_code), (path, s_code)));
        Assert.Equal(Reason.ModelPackageInvalid, error.Reason);
        AssertNothingStays();
    }

    [Theory]
    [InlineData("main.py", "main.py")]
    [InlineData("main.py", "MAIN.py")]
    [InlineData("lib", "lib/a.py")]
    [InlineData("lib/a.py", "LIB")]
    public async Task Paths_that_are_one_on_some_file_system_refuse_the_archive(string first, string second)
    {
        PackageException error = await RefusedAsync(TestStore.Zip((first, s_code), ("x.py", s_code), (second, s_code)));
        Assert.Equal(Reason.ModelPackageInvalid, error.Reason);
    }

    [Theory]
    [InlineData(0xa1ff)] // symbolic link
    [InlineData(0x61b0)] // block device
    [InlineData(0x11b0)] // pipe
    public async Task Links_and_special_files_refuse_the_archive(int mode)
    {
        byte[] archive = TestStore.Zip(e => e.ExternalAttributes = e.FullName == "link" ? mode << 16 : e.ExternalAttributes, ("main.py", s_code), ("link", "/etc/shadow"u8.ToArray()));
        Assert.Equal(Reason.ModelPackageInvalid, (await RefusedAsync(archive)).Reason);
    }

    [Fact]
    public async Task An_encrypted_entry_refuses_the_archive()
    {
        byte[] archive = TestStore.Zip(("main.py", s_code));
        // Bit 0 of the flags, in the local header (offset 6) and in the list of entries (offset 8).
        archive[6] |= 1;
        archive[Find(archive, 0x02014b50) + 8] |= 1;
        PackageException error = await RefusedAsync(archive);
        Assert.Contains("encrypted", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bomb_is_refused_while_it_expands()
    {
        byte[] zeros = new byte[PackageLimits.FreeExpansionBytes + 1];
        PackageException error = await RefusedAsync(TestStore.Zip(("main.py", s_code), ("bomb.bin", zeros)));
        Assert.Equal(Reason.ModelPackageInvalid, error.Reason);
        Assert.Contains("expands", error.Message, StringComparison.Ordinal);
        AssertNothingStays();
    }

    [Fact]
    public async Task Too_many_entries_are_refused_before_they_are_read()
    {
        byte[] archive = TestStore.Zip([.. Enumerable.Range(0, PackageLimits.Files + 1).Select(i => ($"f{i}.txt", Array.Empty<byte>()))]);
        Assert.Equal(Reason.LimitExceeded, (await RefusedAsync(archive)).Reason);
        byte[] more = TestStore.Zip([.. Enumerable.Range(0, (2 * PackageLimits.Files) + 1).Select(i => ($"f{i}.txt", Array.Empty<byte>()))]);
        Assert.Equal(Reason.LimitExceeded, (await RefusedAsync(more)).Reason);
    }

    [Fact]
    public async Task A_flipped_byte_anywhere_never_passes_as_the_original()
    {
        byte[] content = new byte[100];
        new Random(2).NextBytes(content);
        byte[] archive = TestStore.Zip(("main.py", content));
        for (int at = 0; at < archive.Length; at++)
        {
            byte[] damaged = [.. archive];
            damaged[at] ^= 0x55;
            try
            {
                using IncomingPackage package = await _store.UnpackAsync(damaged);
                Assert.All(package.Files.Where(f => f.Path == "main.py"), f => Assert.Equal(System.Security.Cryptography.SHA256.HashData(content), f.Sha256));
            }
            catch (PackageException error)
            {
                Assert.Contains(error.Reason, (Reason[])[Reason.ModelPackageInvalid, Reason.LimitExceeded]);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(21)]
    [InlineData(100)]
    public async Task A_truncated_archive_is_refused(int length)
    {
        byte[] archive = TestStore.Zip(("main.py", new byte[1000]));
        Assert.Equal(Reason.ModelPackageInvalid, (await RefusedAsync(archive[..length])).Reason);
    }

    private static int Find(byte[] archive, uint signature)
    {
        int at = 0;
        while (BinaryPrimitives.ReadUInt32LittleEndian(archive.AsSpan(at)) != signature)
        {
            at++;
        }

        return at;
    }

    private async Task<PackageException> RefusedAsync(byte[] archive) =>
        await Assert.ThrowsAsync<PackageException>(() => _store.UnpackAsync(archive));

    private void AssertNothingStays() => Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_store.Options.Store, "incoming")));
}
