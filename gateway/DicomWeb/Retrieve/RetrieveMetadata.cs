using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Grpc.Core;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>WADO-RS metadata of a study, series or instance (PS3.18 §10.4.1.1.2), written as study sends it.</summary>
internal sealed class RetrieveMetadata(StudyService.StudyServiceClient studies)
{
    // How far to read for the UIDs that make an instance's URL: they stand before anything that can be large in sane data.
    private const int MaxSearched = 16 * 1024 * 1024;

    public async Task HandleAsync(HttpContext http, string study, string? series = null, string? instance = null)
    {
        StudyCalls.RequireUids(study, series, instance);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Json);
        var request = new RetrieveMetadataRequest
        {
            StudyInstanceUid = study, SeriesInstanceUid = series ?? "", SopInstanceUid = instance ?? "", KnownVersions = { http.Request.KnownVersions() },
        };
        using var call = studies.RetrieveMetadata(request, http.ForCaller());
        var message = await call.FirstAsync(http.RequestAborted);

        // Weak: the same metadata, but in one of several encodings and with the URLs of the host that was asked.
        if (http.Response.IsNotModified(message.Version, isStrong: false)) return;
        http.Response.ContentType = representation.MediaType;
        if (HttpMethods.IsHead(http.Request.Method)) return;
        var output = http.Response.BodyWriter;
        var writer = new Instances(output, $"{http.Request.DicomWebUrl()}/studies/{study}", series);
        output.Write("["u8);
        do
        {
            message = call.ResponseStream.Current;
            writer.Write(message.DicomJson.Span, message.EndOfInstance);
            await output.FlushIfFullAsync(http.RequestAborted);
        }
        while (await call.ResponseStream.MoveNext(http.RequestAborted));
        if (!message.EndOfInstance) throw new InvalidDataException("The metadata end within an instance.");
        output.Write("]"u8);
        await output.FlushAllAsync(http.RequestAborted);
    }

    /// <summary>Puts commas between the objects and each one's URL into it, which the object itself tells.</summary>
    private sealed class Instances(PipeWriter output, string studyUrl, string? series)
    {
        private readonly ArrayBufferWriter<byte> _unnamed = new(1);
        private BaseUrlReplacer _replacer;
        private byte[]? _url;
        private bool _first = true;
        private int _searchAgainAt;

        public void Write(ReadOnlySpan<byte> chunk, bool ends)
        {
            if (_url is not null)
            {
                _replacer.Write(chunk, _url, output);
            }
            else
            {
                if (_unnamed.WrittenCount > 0)
                {
                    _unnamed.Write(chunk);
                    chunk = _unnamed.WrittenSpan;
                }

                if (chunk.Length >= _searchAgainAt || ends) Find(chunk, ends);
                if (_url is null && _unnamed.WrittenCount == 0) _unnamed.Write(chunk);
                if (_url is null) return;
            }

            if (ends) EndInstance();
        }

        private void Find(ReadOnlySpan<byte> json, bool isWhole)
        {
            var identity = InstanceIdentity.Read(json, isWhole, wantsSeries: series is null, out var complete);
            if (!complete && json.Length < MaxSearched)
            {
                _searchAgainAt = json.Length * 2;
                return;
            }

            if (identity.Instance is null || (series ?? identity.Series) is null) throw new InvalidDataException("The metadata of an instance do not identify it.");
            _url = Encoding.ASCII.GetBytes($"{studyUrl}/series/{series ?? identity.Series}/instances/{identity.Instance}");
            if (!_first) output.Write(","u8);
            _first = false;
            _replacer.Write(json, _url, output);
        }

        private void EndInstance()
        {
            _replacer.End(output);
            _url = null;
            _searchAgainAt = 0;
            _unnamed.ResetWrittenCount();
        }
    }
}
