using System.CommandLine;
using MedCloudCare.Cli.Admin;
using MedCloudCare.Cli.Archive;
using MedCloudCare.Cli.Demo;
using MedCloudCare.Cli.Dicom;
using MedCloudCare.Cli.Grants;
using MedCloudCare.Cli.Jobs;
using MedCloudCare.Cli.Keys;
using MedCloudCare.Cli.Models;
using MedCloudCare.Cli.Retrieve;
using MedCloudCare.Cli.Testing;
using MedCloudCare.Cli.Upload;

namespace MedCloudCare.Cli.Commands;

/// <summary>The verbs of <c>mcc</c>.</summary>
internal static class Root
{
    private const string Description = """
        MedCloudCare: store, view, share and analyse DICOM studies, and run AI models on them.

        To begin:     mcc demo                       everything at once, with a real brain MR
        The mesh:     mcc up | down | status | test
        Accounts:     mcc admin create-user | approve | list-users | demo-accounts
        DICOM:        mcc dicom peers add TITLE --owner EMAIL | list | remove
        Signing in:   mcc login --email YOU          or --as doctor|researcher|admin for a demo account
        Images:       mcc upload PATH… | studies | series | retrieve; mcc studies delete UID
        Models:       mcc models publish DIR | list; mcc infer --model NAME --series UID --wait
        The archive:  mcc archive verify | compact | backup --to DIR | restore --from DIR | rebuild
        Sharing:      mcc grants create --study UID --to EMAIL
        Keys:         mcc keys list | rotate | rewrap | retire | remove

        Results go to standard output, progress and problems to standard error; --json gives results as JSON.
        Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 something must be installed or built first;
        4 the mesh does not answer; 5 not signed in; 130 interrupted.
        """;

    public static RootCommand Create() => new(Description)
    {
        CommonOptions.Data,
        UpCommand.Create(),
        SuperviseCommand.Create(),
        DownCommand.Create(),
        StatusCommand.Create(),
        DemoCommand.Create(),
        TestCommand.Create(),
        AdminCommand.Create(),
        DicomCommand.Create(),
        LoginCommand.Create(),
        LogoutCommand.Create(),
        TokenCommand.Create(),
        UploadCommand.Create(),
        StudiesCommand.Create(),
        SeriesCommand.Create(),
        RetrieveCommand.Create(),
        ModelsCommand.Create(),
        InferCommand.Create(),
        JobsCommand.Create(),
        GrantsCommand.Create(),
        ArchiveCommand.Create(),
        KeysCommand.Create(),
    };
}
