using System.Globalization;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Models.Publish;

/// <summary>Takes the files of a package off the wire.</summary>
internal static class PackageReceiver
{
    /// <summary>Reads files until the client is done; a single zip is unpacked.</summary>
    /// <exception cref="PackageException">The package is refused.</exception>
    /// <exception cref="RpcException">FIELD_INVALID: the messages come in another order than the contract says.</exception>
    public static async Task ReceiveAsync(IAsyncStreamReader<PublishModelRequest> requests, IncomingPackage package, CancellationToken cancellationToken)
    {
        var paths = new PackagePaths();
        IncomingFile? file = null;
        long total = 0;
        try
        {
            while (await requests.MoveNext(cancellationToken))
            {
                PublishModelRequest request = requests.Current;
                switch (request.MessageCase)
                {
                    case PublishModelRequest.MessageOneofCase.File:
                        await CompleteAsync(file, cancellationToken);
                        file = null;
                        paths.Add(request.File.Path);
                        file = package.Add(request.File.Path);
                        break;
                    case PublishModelRequest.MessageOneofCase.Data when file is not null:
                        total += Check(request.Data.Length, total);
                        await file.WriteAsync(request.Data.Memory, cancellationToken);
                        break;
                    case PublishModelRequest.MessageOneofCase.Data:
                        throw MeshErrors.Invalid("data", "comes before the file that it belongs to");
                    default:
                        throw MeshErrors.Invalid("message", "must be a file or data after the start");
                }
            }

            await CompleteAsync(file, cancellationToken);
            file = null;
        }
        finally
        {
            file?.Dispose();
        }

        if (package.Files is [{ } single] && single.Path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            await UnpackAsync(package, single, cancellationToken);
        }
    }

    private static async Task UnpackAsync(IncomingPackage package, PackageFile archive, CancellationToken cancellationToken)
    {
        await using (SealedFileStream stream = package.Open(archive))
        {
            await ZipPackage.UnpackAsync(stream, package, cancellationToken);
        }

        package.Remove(archive);
    }

    private static int Check(int length, long total)
    {
        if (length > PackageLimits.ChunkBytes)
        {
            throw MeshErrors.Invalid("data", $"has more than {PackageLimits.ChunkBytes} bytes");
        }

        return total + length <= PackageLimits.TotalBytes
            ? length
            : throw new PackageException(Reason.LimitExceeded, $"A package has at most {PackageLimits.TotalBytes} bytes.",
                ("limit", "bytes"), ("maximum", PackageLimits.TotalBytes.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task CompleteAsync(IncomingFile? file, CancellationToken cancellationToken)
    {
        if (file is not null)
        {
            using (file)
            {
                await file.CompleteAsync(cancellationToken);
            }
        }
    }
}
