using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace MedCloudCare.Gateway.DicomWeb.Capabilities;

/// <summary>The capability document (PS3.18 §8.9, annex H): a WADL description, in XML or as the same tree in JSON.</summary>
internal static class CapabilityDocument
{
    public const string Xml = "application/vnd.sun.wadl+xml";
    public const string Json = "application/vnd.sun.wadl+json";

    /// <summary>What it can be had as, the default first.</summary>
    public static readonly string[] MediaTypes = [Xml, "application/xml", Json, "application/json"];

    private static readonly XNamespace Wadl = "http://wadl.dev.java.net/2009/02";

    /// <param name="baseUrl">Of the DICOMweb service.</param>
    /// <param name="mediaType">One of <see cref="MediaTypes"/>.</param>
    public static byte[] Write(string baseUrl, string mediaType)
    {
        var application = new XElement(
            Wadl + "application",
            new XElement(Wadl + "resources", new XAttribute("base", baseUrl + "/"), WebResources.All.Select(Describe)));
        var output = new ArrayBufferWriter<byte>(16 * 1024);
        if (mediaType.EndsWith("xml", StringComparison.Ordinal))
        {
            using var stream = new MemoryStream();
            using (var writer = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) })) application.Save(writer);
            return stream.ToArray();
        }

        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WritePropertyName(application.Name.LocalName);
            WriteJson(json, application);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private static XElement Describe(WebResource resource) => new(
        Wadl + "resource", new XAttribute("path", resource.Path.Replace("{+", "{", StringComparison.Ordinal)), resource.Methods.Select(Describe));

    private static XElement Describe(WebMethod method) => new(
        Wadl + "method", new XAttribute("name", method.Verb), new XAttribute("id", method.Id),
        new XElement(
            Wadl + "request",
            method.Parameters.Select(p => Parameter(p, "query")),
            method.Answers.Length == 0 ? null : Parameter("Accept", "header"),
            method.Accepts.Select(Representation)),
        method.Statuses.Select(status => new XElement(
            Wadl + "response", new XAttribute("status", status.ToString(CultureInfo.InvariantCulture)),
            status is >= 200 and < 300 or 409 ? method.Answers.Select(Representation) : [Representation("application/json")])));

    private static XElement Parameter(string name, string style) => new(Wadl + "param", new XAttribute("name", name), new XAttribute("style", style));

    private static XElement Representation(string mediaType) => new(Wadl + "representation", new XAttribute("mediaType", mediaType));

    /// <summary>An element as an object: attributes by name after an at sign, children of one name as an array.</summary>
    private static void WriteJson(Utf8JsonWriter json, XElement element)
    {
        json.WriteStartObject();
        foreach (var attribute in element.Attributes().Where(a => !a.IsNamespaceDeclaration)) json.WriteString("@" + attribute.Name.LocalName, attribute.Value);
        foreach (var children in element.Elements().GroupBy(e => e.Name.LocalName))
        {
            json.WriteStartArray(children.Key);
            foreach (var child in children) WriteJson(json, child);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
