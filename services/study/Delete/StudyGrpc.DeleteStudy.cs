using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task<Empty> DeleteStudy(DeleteStudyRequest request, ServerCallContext context)
    {
        VisibleStudy study = await RequireOwnAsync(request.Name, context);

        // Not cancelled with the call: half-way is no place to stop.
        if (!await deletion.DeleteAsync(study.Id, study.Owner))
        {
            throw MeshErrors.NotFound(request.Name);
        }

        return new Empty();
    }

    /// <summary>A study of the caller's own.</summary>
    private async Task<VisibleStudy> RequireOwnAsync(string name, ServerCallContext context)
    {
        Caller caller = context.Caller();
        Guid id = ResourceName.Parse(Studies, name);
        VisibleStudy study = await access.FindAsync(caller, id, context.CancellationToken) ?? throw MeshErrors.NotFound(name);
        return study.Access == Study.V1.Access.Owner ? study : throw MeshErrors.NotPermitted("Only its owner may delete from a study.");
    }
}
