namespace MedCloudCare.Cli;

/// <summary>What the shell is told. Documented in <c>mcc --help</c>.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The mesh refused it, or it failed.</summary>
    public const int Refused = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Something that must be installed first is missing.</summary>
    public const int MissingPrerequisite = 3;

    /// <summary>The mesh does not answer.</summary>
    public const int NotReachable = 4;

    /// <summary>Nobody is signed in, or the session has ended.</summary>
    public const int NotSignedIn = 5;

    /// <summary>Ended by Ctrl-C, as shells have it (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>
    /// What a service exits with when starting it again cannot help: wrong configuration, data of a newer version
    /// (<c>EX_CONFIG</c> of sysexits.h).
    /// </summary>
    public const int ServiceMisconfigured = 78;
}
