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

        using StoredFile file = StoredFile.Open(objects, instance, key);
        await responses.WriteAsync(new RetrieveBulkDataResponse
        {
            Header = new() { Size = bulk.Length, Vr = bulk.VR.Name(), TransferSyntaxUid = instance.TransferSyntaxUid },
        }, cancellationToken);
        IAsyncEnumerable<ReadOnlyMemory<byte>> pieces = file.ReadAsync(layout, bulk.Offset, bulk.Length, cancellationToken);
        if (bulk.VR.UnitSize() > 1 && instance.TransferSyntaxUid == TransferSyntax.ExplicitVRBigEndian.Uid)
        {
            pieces = SwapAsync(pieces, bulk.VR.UnitSize(), cancellationToken);
        }

        await foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            await responses.WriteAsync(new RetrieveBulkDataResponse { Data = UnsafeByteOperations.UnsafeWrap(piece) }, cancellationToken);
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
