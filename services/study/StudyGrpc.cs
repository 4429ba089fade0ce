using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>The RPCs of the archive, one file each (Upload/, Query/, Retrieve/).</summary>
internal sealed partial class StudyGrpc(
    NpgsqlDataSource database,
    IDbContextFactory<StudyContext> contexts,
    IDataKeyStore keys,
    IObjectStore objects,
    StudyAccess access,
    StudyIndex index,
    StudyDeletion deletion,
    PartDeletion parts,
    UploadServices uploads,
    UploadLimiter limiter,
    TimeProvider time) : StudyService.StudyServiceBase
{
    private const string Uploads = "uploads";
    private const string Studies = "studies";
    private const string Accounts = "accounts";
}
