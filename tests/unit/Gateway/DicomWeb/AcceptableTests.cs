using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Http;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class AcceptableTests
{
    private const string Explicit = "1.2.840.10008.1.2.1";
    private const string Implicit = "1.2.840.10008.1.2";
    private const string BigEndian = "1.2.840.10008.1.2.2";
    private const string Jpeg = "1.2.840.10008.1.2.4.50";
    private const string Jls = "1.2.840.10008.1.2.4.80";
    private const string Rle = "1.2.840.10008.1.2.5";

    [Theory]
    // What OHIF and dicomweb-client send, quoted and not.
    [InlineData("multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"", Explicit, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=application/octet-stream; transfer-syntax=*", Jpeg, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("multipart/related; type=\"image/x-jls\"", Jls, "multipart image/x-jls; transfer-syntax=1.2.840.10008.1.2.4.80")]
    [InlineData("multipart/related; type=\"image/x-dicom-rle\"; transfer-syntax=1.2.840.10008.1.2.5", Rle, "multipart image/x-dicom-rle; transfer-syntax=1.2.840.10008.1.2.5")]
    // Anything.
    [InlineData(null, Explicit, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("*/*", Jpeg, "multipart image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("multipart/related", Jls, "multipart image/jls; transfer-syntax=1.2.840.10008.1.2.4.80")]
    [InlineData("multipart/*", Rle, "multipart image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5")]
    // One frame alone.
    [InlineData("image/jpeg", Jpeg, "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("image/*", Jls, "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80")]
    [InlineData("application/octet-stream", Implicit, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    // Native little endian frames are the same bytes in both encodings.
    [InlineData("multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1", Implicit, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    // Weights and precedence.
    [InlineData("application/octet-stream;q=0.5, multipart/related; type=\"image/jpeg\"; q=0.9, */*;q=0.1", Jpeg, "multipart image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("*/*, multipart/related; type=\"image/jpeg\"; q=0", Jpeg, "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("text/html, , application/octet-stream; transfer-syntax=\"*\"; q=0.2", Jpeg, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50")]
    // What is made by decoding and encoding.
    [InlineData("multipart/related; type=\"application/octet-stream\"", Jpeg, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=\"application/octet-stream\"", BigEndian, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"1.2.840.10008.1.2.1\"", Jpeg, "multipart application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=\"image/jp2\"", Jpeg, "multipart image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90")]
    // A media type alone never means pixels that have lost something, and pictures for display are no frames.
    [InlineData("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.51", Explicit, null)]
    [InlineData("image/png", Explicit, null)]
    [InlineData("*/*;q=0", Explicit, null)]
    public void A_frame_is_sent_as_the_client_accepts_it_or_not_at_all(string? accept, string stored, string? expected) =>
        Assert.Equal(expected, Choose(accept, DicomMediaTypes.Frames(stored, single: true)));

    [Theory]
    [InlineData("multipart/related; type=\"application/dicom\"", true, "multipart application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50", true, "multipart application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("application/dicom", true, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("application/dicom, */*", true, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50")]
    [InlineData("application/dicom", false, null)]
    [InlineData("application/dicom; transfer-syntax=1.2.840.10008.1.2.1", true, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("application/dicom; transfer-syntax=1.2.840.10008.1.2.4.102", true, null)]
    public void An_instance_is_sent_as_stored_or_as_it_can_be_made_or_not_at_all(string accept, bool single, string? expected) =>
        Assert.Equal(expected, Choose(accept, DicomMediaTypes.Instances(Jpeg, single)));

    [Theory]
    [InlineData("application/dicom+json", "application/dicom+json")]
    [InlineData("application/json", "application/json")]
    [InlineData("application/*+json;q=0.1, application/*", "application/dicom+json")]
    [InlineData("multipart/related; type=\"application/dicom+xml\"", null)]
    public void Metadata_are_json(string accept, string? expected) => Assert.Equal(expected, Choose(accept, DicomMediaTypes.Json));

    [Fact]
    public void The_query_parameter_stands_in_for_the_header()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Accept = "image/png";
        http.Request.QueryString = new QueryString("?accept=application/dicom%2Bjson");
        Assert.Equal("application/dicom+json", Acceptable.Of(http.Request).Choose(DicomMediaTypes.Json).MediaType);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("*/json")]
    [InlineData("a/b c/d")]
    [InlineData("a/b; q=2")]
    [InlineData("a/b; q=x")]
    [InlineData("a/b; type=\"unclosed")]
    [InlineData("a/b; type=1; type=2")]
    public void A_malformed_accept_is_an_error_of_the_client(string accept)
    {
        var error = Assert.Throws<RpcException>(() => Choose(accept, DicomMediaTypes.Json));
        Assert.True(MeshErrors.Is(error, Reason.FieldInvalid));
    }

    [Fact]
    public void More_than_64_ranges_are_refused() =>
        Assert.Throws<RpcException>(() => Choose(string.Join(',', Enumerable.Repeat("a/b", 65)), DicomMediaTypes.Json));

    [Fact]
    public void A_quoted_value_may_hold_escapes_and_separators()
    {
        Assert.True(MediaType.TryParse("multipart/related; boundary=\"a\\\"b;,c\"; type=\"Application/DICOM\"", out var type));
        Assert.Equal("a\"b;,c", type.Boundary);
        Assert.Equal("application/dicom", type.PartType);
    }

    private static string? Choose(string? accept, Representation[] offers)
    {
        var http = new DefaultHttpContext();
        if (accept is not null) http.Request.Headers.Accept = accept;
        var acceptable = Acceptable.Of(http.Request);
        try
        {
            var chosen = acceptable.Choose(offers);
            return (chosen.IsMultipart ? "multipart " : "") + chosen.ContentType;
        }
        catch (RpcException e) when (MeshErrors.Is(e, Reason.NotAcceptable))
        {
            return null;
        }
    }
}
