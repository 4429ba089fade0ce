using System.CommandLine;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Commands;

/// <summary>The options of <c>mcc up</c> that say where packs are kept.</summary>
internal static class ObjectStoreOptions
{
    private static readonly Option<string?> Objects = new("--objects")
    {
        Description = "Keep packs in a bucket of an S3 server, for good (default: the directory objects of --data). Remembered from the first time on.",
        HelpName = "s3://BUCKET[/PREFIX]",
    };

    private static readonly Option<string?> Endpoint = new("--s3-endpoint")
    {
        Description = "Address of the S3 server: https, or http on this machine (default: AWS).",
        HelpName = "URL",
    };

    private static readonly Option<string?> Region = new("--s3-region") { Description = "Region of the bucket (default: us-east-1).", HelpName = "NAME" };

    private static readonly Option<string?> Credentials = new("--s3-credentials")
    {
        Description = "File with the profile [default] in AWS's format, mode 0600 (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment).",
        HelpName = "FILE",
    };

    private static readonly Option<string?> Authority = new("--s3-cacert")
    {
        Description = "PEM file of the only authority that may certify the S3 server (default: the system's).",
        HelpName = "FILE",
    };

    static ObjectStoreOptions()
    {
        Objects.Validators.Add(r =>
        {
            if (r.GetValue(Objects) is { } value && (!value.StartsWith("s3://", StringComparison.Ordinal) || value.Trim('/').Length <= "s3:/".Length))
            {
                r.AddError("--objects takes s3://BUCKET or s3://BUCKET/PREFIX.");
            }
        });
        Endpoint.Validators.Add(r =>
        {
            if (r.GetValue(Endpoint) is { } value
                && (!Uri.TryCreate(value, UriKind.Absolute, out Uri? url) || !(url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))))
            {
                r.AddError("--s3-endpoint takes an https address, or an http address of this machine.");
            }
        });
    }

    public static void AddTo(Command command)
    {
        foreach (Option<string?> option in new[] { Objects, Endpoint, Region, Credentials, Authority })
        {
            command.Add(option);
        }

        command.Validators.Add(r =>
        {
            if (r.GetValue(Objects) is null && new[] { Endpoint, Region, Credentials, Authority }.Any(o => r.GetValue(o) is not null))
            {
                r.AddError("The --s3 options go with --objects.");
            }
        });
    }

    /// <summary>What the command line chooses; null if it leaves things as they are.</summary>
    public static ObjectStoreChoice? ChoiceOf(ParseResult parsed) => parsed.GetValue(Objects) is { } objects
        ? new ObjectStoreChoice
        {
            Objects = objects.TrimEnd('/'),
            Endpoint = parsed.GetValue(Endpoint) ?? "",
            Region = parsed.GetValue(Region) ?? "",
            Credentials = FileOf(parsed.GetValue(Credentials)),
            Authority = FileOf(parsed.GetValue(Authority)),
        }
        : null;

    private static string FileOf(string? path) => string.IsNullOrEmpty(path) ? "" : Path.GetFullPath(path);
}
