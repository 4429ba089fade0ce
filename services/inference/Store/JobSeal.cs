using System.Text;
using Google.Protobuf;
using MedCloudCare.Inference.V1;
using MedCloudCare.Sealing;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Jobs.Store;

/// <summary>Seals and opens the columns of a job that may quote the patient or grant access.</summary>
public sealed class JobSeal : IDisposable
{
    private const string Table = "inference.jobs";

    private readonly DataKey _rows;

    public JobSeal(IOptions<InferenceOptions> options) : this(Keyring.Load(options.Value.Keyring)) { }

    public JobSeal(Keyring keyring) => _rows = DataKey.FromSecret(Guid.Empty, keyring.DeriveKey("inference/rows"));

    public byte[] Delegation(Guid job, string token) => Seal(job, "delegation", Encoding.UTF8.GetBytes(token));

    public string OpenDelegation(JobRecord job) => Encoding.UTF8.GetString(Open(job.Id, "delegation", job.Delegation ?? []));

    public byte[] Message(Guid job, string message) => Seal(job, "message", Encoding.UTF8.GetBytes(message));

    public string OpenMessage(JobRecord job) => job.Message is { } value ? Encoding.UTF8.GetString(Open(job.Id, "message", value)) : "";

    public byte[] Result(Guid job, JobResult result) => Seal(job, "result", result.ToByteArray());

    public JobResult? OpenResult(JobRecord job) => job.Result is { } value ? JobResult.Parser.ParseFrom(Open(job.Id, "result", value)) : null;

    public byte[] Error(Guid job, JobError error) => Seal(job, "error", error.ToByteArray());

    public JobError? OpenError(JobRecord job) => job.Error is { } value ? JobError.Parser.ParseFrom(Open(job.Id, "error", value)) : null;

    public void Dispose() => _rows.Dispose();

    private byte[] Seal(Guid job, string column, ReadOnlySpan<byte> value) => _rows.SealRow(value, AssociatedData.ForColumn(Table, job, column));

    private byte[] Open(Guid job, string column, ReadOnlySpan<byte> value) => _rows.OpenRow(value, AssociatedData.ForColumn(Table, job, column));
}
