using System.Buffers;
using System.Runtime.CompilerServices;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>Metadata of stored instances as data sets, one in memory at a time, with the large values that display needs.</summary>
internal sealed class MetadataReader(StudyService.StudyServiceClient studies)
{
    private const int MaxMetadataBytes = 64 * 1024 * 1024;
    private const int MaxTableBytes = 256 * 1024;
    private const string BulkPrefix = BulkDataUri.Base + "/bulkdata/";

    private static readonly DicomTag[] Tables =
        [DicomTags.RedPaletteColorLookupTableData, DicomTags.GreenPaletteColorLookupTableData, DicomTags.BluePaletteColorLookupTableData];

    /// <summary>All instances of a study, of a series, or one.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND; LIMIT_EXCEEDED: one instance's metadata are too large.</exception>
    public async IAsyncEnumerable<DicomDataset> ReadAsync(
        HttpContext http, string study, string? series, string? instance, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new RetrieveMetadataRequest { StudyInstanceUid = study, SeriesInstanceUid = series ?? "", SopInstanceUid = instance ?? "" };
        using var call = studies.RetrieveMetadata(request, http.ForCaller());
        var json = new ArrayBufferWriter<byte>(64 * 1024);
        while (await call.ResponseStream.MoveNext(cancellation))
        {
            json.Write(call.ResponseStream.Current.DicomJson.Span);
            if (json.WrittenCount > MaxMetadataBytes) throw MeshErrors.Limit("bytes of an instance's metadata", MaxMetadataBytes);
            if (!call.ResponseStream.Current.EndOfInstance) continue;
            yield return DicomDataset.FromJson(json.WrittenSpan);
            json.ResetWrittenCount();
        }
    }

    /// <summary>One instance.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async Task<DicomDataset> ReadOneAsync(HttpContext http, string study, string series, string instance)
    {
        await foreach (var dataset in ReadAsync(http, study, series, instance, http.RequestAborted)) return dataset;
        throw MeshErrors.NotFound($"instance {instance}");
    }

    /// <summary>Fetches palettes and look-up tables that the metadata only refer to.</summary>
    public async Task LoadTablesAsync(HttpContext http, DicomDataset dataset)
    {
        foreach (var tag in Tables) await LoadAsync(http, dataset, dataset, tag);
        foreach (var sequence in (DicomTag[])[DicomTags.ModalityLUTSequence, DicomTags.VOILUTSequence])
        {
            if (dataset.GetItem(sequence) is { } item) await LoadAsync(http, dataset, item, DicomTags.LUTData);
        }
    }

    private async Task LoadAsync(HttpContext http, DicomDataset root, DicomDataset holder, DicomTag tag)
    {
        if (holder.Find(tag) is not { Bulk: { } bulk } element || !bulk.Uri.StartsWith(BulkPrefix, StringComparison.Ordinal)) return;
        var request = new RetrieveBulkDataRequest
        {
            StudyInstanceUid = root.GetString(DicomTags.StudyInstanceUID) ?? "",
            SeriesInstanceUid = root.GetString(DicomTags.SeriesInstanceUID) ?? "",
            SopInstanceUid = root.GetString(DicomTags.SOPInstanceUID) ?? "",
            Path = bulk.Uri[BulkPrefix.Length..],
        };
        using var call = studies.RetrieveBulkData(request, http.ForCaller());
        var value = new ArrayBufferWriter<byte>(4096);
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            value.Write(call.ResponseStream.Current.Data.Span);
            if (value.WrittenCount > MaxTableBytes) throw PixelDescription.NotRendered("a look-up table is too large");
        }

        holder.Set(new DicomElement(tag, element.VR, value.WrittenSpan.ToArray()));
    }
}
