using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using MedCloudCare.Common.V1;
using MedCloudCare.Models.Storage;

namespace MedCloudCare.Models.Packages;

/// <summary>
/// Unpacks a zip into a package. Nothing is believed: sizes are counted while they expand, checksums are computed, and a path
/// that leaves the package, a link, an encrypted entry or a collision refuses the whole.
/// </summary>
public static class ZipPackage
{
    private const int EndRecordLength = 22;
    private const uint EndRecordSignature = 0x06054b50;
    private const int LongestComment = ushort.MaxValue;
    private const int UnixTypeMask = 0xf000;
    private const int UnixRegular = 0x8000;
    private const int UnixDirectory = 0x4000;
    private const int BufferLength = 64 * 1024;

    /// <summary>Adds the files of an archive to a package.</summary>
    /// <exception cref="PackageException">MODEL_PACKAGE_INVALID or LIMIT_EXCEEDED.</exception>
    public static async Task UnpackAsync(SealedFileStream archive, IncomingPackage package, CancellationToken cancellationToken)
    {
        await CheckDirectoryAsync(archive, cancellationToken);
        try
        {
            archive.Position = 0;
            using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
            List<(ZipArchiveEntry Entry, string Path)> entries = Select(zip.Entries);
            var budget = new Budget(archive.Length);
            foreach ((ZipArchiveEntry entry, string path) in entries)
            {
                await UnpackAsync(entry, package.Add(path), budget, cancellationToken);
            }
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or NotSupportedException or IOException and not FileNotFoundException)
        {
            throw PackageException.Invalid($"The archive is damaged or of a kind that cannot be read: {error.Message}");
        }
    }

    /// <summary>The files among the entries, with their checked paths. A single folder around everything is taken off.</summary>
    private static List<(ZipArchiveEntry Entry, string Path)> Select(IReadOnlyCollection<ZipArchiveEntry> entries)
    {
        var files = new List<(ZipArchiveEntry Entry, string Path)>();
        foreach (ZipArchiveEntry entry in entries)
        {
            bool folder = entry.FullName.EndsWith('/');
            PackagePaths.Check(folder ? entry.FullName[..^1] : entry.FullName);
            int type = (entry.ExternalAttributes >> 16) & UnixTypeMask;
            if (type is not 0 and not UnixRegular and not UnixDirectory)
            {
                throw PackageException.Invalid($"'{entry.FullName}' is a link or a special file.", ("path", entry.FullName));
            }

            if (entry.IsEncrypted)
            {
                throw PackageException.Invalid($"'{entry.FullName}' is encrypted.", ("path", entry.FullName));
            }

            if (!folder && !entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal))
            {
                files.Add((entry, entry.FullName));
            }
        }

        string? around = files.Count > 0 ? files[0].Path.Split('/')[0] + "/" : null;
        if (around is not null && files.All(f => f.Path.StartsWith(around, StringComparison.Ordinal)))
        {
            files = [.. files.Select(f => (f.Entry, f.Path[around.Length..]))];
        }

        var paths = new PackagePaths();
        files.ForEach(f => paths.Add(f.Path));
        return files;
    }

    private static async Task UnpackAsync(ZipArchiveEntry entry, IncomingFile file, Budget budget, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            using (file)
            {
                var checksum = new Crc32();
                await using Stream content = await entry.OpenAsync(cancellationToken);
                int read;
                while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
                {
                    budget.Take(read);
                    checksum.Append(buffer.AsSpan(0, read));
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }

                if (file.Size != entry.Length || checksum.Value != entry.Crc32)
                {
                    throw PackageException.Invalid($"'{entry.FullName}' is damaged: its size or checksum is another than the archive says.", ("path", entry.FullName));
                }

                await file.CompleteAsync(cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>Refuses an archive whose list of entries is missing or too long, before anything is allocated for it.</summary>
    private static async Task CheckDirectoryAsync(SealedFileStream archive, CancellationToken cancellationToken)
    {
        int length = (int)Math.Min(archive.Length, EndRecordLength + LongestComment);
        byte[] tail = new byte[length];
        archive.Position = archive.Length - length;
        await archive.ReadExactlyAsync(tail, cancellationToken);
        for (int at = length - EndRecordLength; at >= 0; at--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at)) == EndRecordSignature)
            {
                int count = BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(at + 10));
                long start = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at + 16));
                long end = archive.Length - length + at;
                if (start == uint.MaxValue)
                {
                    // Its list of entries could have any length, and no archive of the size that is taken needs it.
                    throw PackageException.Invalid("The archive is written as Zip64, which packages are too small for. Write it as a plain zip.");
                }

                // Folders count as entries too. 0xFFFF stands for a number that only the Zip64 record knows.
                if (count > 2 * PackageLimits.Files || end - start > PackageLimits.ZipDirectoryBytes)
                {
                    throw new PackageException(Reason.LimitExceeded, $"A package has at most {PackageLimits.Files} files.",
                        ("limit", "files"), ("maximum", PackageLimits.Files.ToString(CultureInfo.InvariantCulture)));
                }

                return;
            }
        }

        throw PackageException.Invalid("The file is not a zip archive, or its end is missing.");
    }

    /// <summary>What an archive may still expand to.</summary>
    private sealed class Budget(long archiveLength)
    {
        private readonly long _most = Math.Min(PackageLimits.TotalBytes, Math.Max(PackageLimits.FreeExpansionBytes, archiveLength * PackageLimits.ExpansionRatio));
        private long _taken;

        public void Take(int bytes)
        {
            _taken += bytes;
            if (_taken > _most)
            {
                throw PackageException.Invalid($"The archive of {archiveLength} bytes expands to more than {_most} bytes.", ("limit", "expansion"));
            }
        }
    }
}
