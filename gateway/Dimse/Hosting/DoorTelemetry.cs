using System.Diagnostics.Metrics;
using MedCloudCare.Gateway.Dimse.Messages;

namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>Metrics of the door; the labels are of few values, none of them from outside.</summary>
internal sealed class DoorTelemetry
{
    private readonly UpDownCounter<int> _associations;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _messages;
    private readonly Counter<long> _bytes;

    public DoorTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create("MedCloudCare.Gateway.Dicom");
        _associations = meter.CreateUpDownCounter<int>("mcc.dicom.associations.open", description: "Established associations");
        _ended = meter.CreateCounter<long>("mcc.dicom.associations", description: "Associations by how they ended: released, aborted, rejected, …");
        _messages = meter.CreateCounter<long>("mcc.dicom.messages", description: "DIMSE requests by operation and status");
        _bytes = meter.CreateCounter<long>("mcc.dicom.received", "By", "Bytes of data sets");
    }

    public void Opened() => _associations.Add(1);

    public void Closed() => _associations.Add(-1);

    public void Ended(string how) => _ended.Add(1, new KeyValuePair<string, object?>("end", how));

    public void Answered(string operation, DimseStatus status, long bytes)
    {
        _messages.Add(1, new("operation", operation), new("status", status.Code.ToString("X4", System.Globalization.CultureInfo.InvariantCulture)));
        _bytes.Add(bytes);
    }
}
