using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override Task<Empty> DeleteSeries(DeleteSeriesRequest request, ServerCallContext context) => DeletePartAsync(request.Name, "series", context);

    public override Task<Empty> DeleteInstance(DeleteInstanceRequest request, ServerCallContext context) => DeletePartAsync(request.Name, "series/instances", context);

    /// <param name="name">studies/{uuid}, then a UID after each of the collections.</param>
    /// <param name="collections">The collections below studies.</param>
    /// <param name="context">The call.</param>
    private async Task<Empty> DeletePartAsync(string name, string collections, ServerCallContext context)
    {
        string[] words = name.Split('/');
        string[] below = collections.Split('/');
        bool isName = words.Length == 2 + (2 * below.Length)
            && below.Select((collection, i) => words[2 + (2 * i)] == collection && DicomUid.IsValid(words[3 + (2 * i)])).All(ok => ok);
        if (!isName)
        {
            throw MeshErrors.Invalid("name", $"must be of the form studies/{{uuid}}{string.Concat(below.Select(c => $"/{c}/{{UID}}"))}");
        }

        VisibleStudy study = await RequireOwnAsync($"{words[0]}/{words[1]}", context);

        // Not cancelled with the call: half-way is no place to stop.
        return await parts.DeleteAsync(study.Id, study.Owner, words[3], words.Length > 4 ? words[5] : "")
            ? new Empty()
            : throw MeshErrors.NotFound(name);
    }
}
