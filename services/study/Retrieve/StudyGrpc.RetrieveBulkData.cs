using System.Buffers;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task RetrieveBulkData(RetrieveBulkDataRequest request, IServerStreamWriter<RetrieveBulkDataResponse> responses, ServerCallContext context)
    {
        CancellationToken cancellationToken = context.CancellationToken;
        StoredInstance instance = await StoredInstance.RequireAsync(
            database, context.Caller(), request.StudyInstanceUid, request.SeriesInstanceUid, request.SopInstanceUid, cancellationToken);
        using DataKey key = await keys.GetAsync(instance.StudyId, cancellationToken);
        InstanceLayout layout = LayoutOf(instance, key);
        DicomBulkData bulk = layout.BulkData.FirstOrDefault(b => b.Path == request.Path) ?? throw MeshErrors.NotFound("bulk data of this path");

        DataRange part = RequestedRange.Of(request.Range, bulk.Length);
        using StoredFile file = StoredFile.Open(objects, instance, key);
        IAsyncEnumerable<ReadOnlyMemory<byte>> pieces =
            await LittleEndianAsync(file, layout, bulk, part, instance.TransferSyntaxUid, cancellationToken).BeginAsync(cancellationToken);
        ChunkSender<RetrieveBulkDataResponse> sender = new(responses);
        RetrieveBulkDataResponse header = new()
        {
            Header = new()
            {
                Size = bulk.Length, Vr = bulk.VR.Name(), TransferSyntaxUid = instance.TransferSyntaxUid,
                Version = ResourceVersion.OfInstance(instance.Id), Part = request.Range is null ? null : part,
            },
        };
        await sender.WriteAsync(header, 0, cancellationToken);
        await foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            await sender.WriteAsync(new RetrieveBulkDataResponse { Data = UnsafeByteOperations.UnsafeWrap(piece) }, piece.Length, cancellationToken);
        }
    }

    /// <summary>A part of a value, little endian; big endian units are read whole, then swapped and cut.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> LittleEndianAsync(
        StoredFile file, InstanceLayout layout, DicomBulkData bulk, DataRange part, string transferSyntax, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int unit = transferSyntax == TransferSyntax.ExplicitVRBigEndian.Uid ? bulk.VR.UnitSize() : 1;
        if (unit <= 1 || part.Length == 0)
        {
            await foreach (ReadOnlyMemory<byte> piece in file.ReadAsync(layout, bulk.Offset + part.Offset, part.Length, cancellationToken))
            {
                yield return piece;
            }

            yield break;
        }

        long start = part.Offset - (part.Offset % unit);
        long end = Math.Min(bulk.Length, (part.Offset + part.Length + unit - 1) / unit * unit);
        long skip = part.Offset - start;
        long left = part.Length;
        await foreach (ReadOnlyMemory<byte> piece in SwapAsync(file.ReadAsync(layout, bulk.Offset + start, end - start, cancellationToken), unit, cancellationToken))
        {
            int from = (int)Math.Min(skip, piece.Length);
            int length = (int)Math.Min(left, piece.Length - from);
            skip -= from;
            left -= length;
            if (length > 0)
            {
                yield return piece.Slice(from, length);
            }
        }
    }

    /// <summary>Makes little endian of big endian units, which may lie across pieces.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> SwapAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> pieces, int unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((64 << 10) + unit);
        int held = 0;
        try
        {
            await foreach (ReadOnlyMemory<byte> piece in pieces.WithCancellation(cancellationToken))
            {
                piece.CopyTo(buffer.AsMemory(held));
                int filled = held + piece.Length;
                held = filled % unit;
                int whole = filled - held;
                for (int at = 0; at < whole; at += unit)
                {
                    buffer.AsSpan(at, unit).Reverse();
                }

                // A message is at most 64 KiB, also when a held unit comes first.
                for (int at = 0; at < whole; at += 64 << 10)
                {
                    yield return buffer.AsMemory(at, Math.Min(64 << 10, whole - at));
                }

                buffer.AsSpan(whole, held).CopyTo(buffer);
            }

            if (held > 0)
            {
                yield return buffer.AsMemory(0, held);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
