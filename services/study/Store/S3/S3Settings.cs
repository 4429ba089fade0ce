using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;

namespace MedCloudCare.Studies;

/// <summary>Where an S3 object store is and how it is spoken to.</summary>
internal sealed record S3Settings
{
    private const string Scheme = "s3://";

    public required string Bucket { get; init; }

    /// <summary>Of all keys: empty, or ending with a slash.</summary>
    public required string Prefix { get; init; }

    /// <summary>Address of the server; empty for AWS itself.</summary>
    public string Endpoint { get; init; } = "";

    public string Region { get; init; } = "us-east-1";

    /// <summary>File with a profile <c>[default]</c> in AWS's format; empty: the environment variables AWS_ACCESS_KEY_ID ….</summary>
    public string Credentials { get; init; } = "";

    /// <summary>PEM file of the only authority to trust; empty: those of the system.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Bytes of a part of a multipart upload. S3 wants at least 5 MiB, and at most 10,000 of them.</summary>
    public int PartBytes { get; init; } = 8 << 20;

    /// <summary>A multipart upload that is older was left behind by a process that died.</summary>
    public TimeSpan AbandonedAfter { get; init; } = TimeSpan.FromDays(1);

    public bool IsTls => Endpoint.Length == 0 || Endpoint.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a setting names a bucket, not a directory.</summary>
    public static bool IsS3(string objects) => objects.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads the options.</summary>
    /// <exception cref="InvalidOperationException">They are wrong; says what.</exception>
    public static S3Settings Of(StudyOptions options)
    {
        string[] path = options.Objects[Scheme.Length..].Split('/', 2);
        string prefix = path.Length > 1 ? path[1].Trim('/') : "";
        S3Settings settings = new()
        {
            Bucket = path[0],
            Prefix = prefix.Length > 0 ? prefix + "/" : "",
            Endpoint = options.S3Endpoint,
            Region = options.S3Region,
            Credentials = options.S3Credentials,
            Authority = options.S3Authority,
        };
        if (settings.Bucket.Length == 0)
        {
            throw new InvalidOperationException($"Study:Objects names no bucket: '{options.Objects}'.");
        }

        if (settings.Endpoint.Length > 0)
        {
            Uri endpoint = new(settings.Endpoint, UriKind.Absolute);
            if (!settings.IsTls && !endpoint.IsLoopback)
            {
                throw new InvalidOperationException("Study:S3Endpoint must be https:// unless it is on this machine.");
            }
        }

        return settings;
    }

    /// <summary>
    /// A client that retries with exponential backoff. Sums beside the signature are not asked for: not every server knows
    /// them, and what is stored authenticates itself.
    /// </summary>
    public AmazonS3Client Connect()
    {
        AmazonS3Config config = new()
        {
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 6,
            Timeout = TimeSpan.FromSeconds(60),
            ForcePathStyle = Endpoint.Length > 0,
            AuthenticationRegion = Region,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new S3HttpClients(Trust()),
        };
        if (Endpoint.Length > 0)
        {
            config.ServiceURL = Endpoint;
            config.UseHttp = !IsTls;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region);
        }

        return new AmazonS3Client(ReadCredentials(), config);
    }

    private AWSCredentials ReadCredentials()
    {
        if (Credentials.Length == 0)
        {
            return new EnvironmentVariablesAWSCredentials();
        }

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!File.Exists(Credentials) || (File.GetUnixFileMode(Credentials) & others) != 0)
        {
            throw new InvalidOperationException($"'{Credentials}' must exist and be readable by its owner only (mode 0600).");
        }

        SharedCredentialsFile file = new(Credentials);
        return file.TryGetProfile(SharedCredentialsFile.DefaultProfileName, out CredentialProfile profile)
            ? profile.GetAWSCredentials(file)
            : throw new InvalidOperationException($"'{Credentials}' has no profile [default] with aws_access_key_id and aws_secret_access_key.");
    }

    private X509ChainPolicy? Trust()
    {
        if (Authority.Length == 0)
        {
            return null;
        }

        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Authority);
        return policy;
    }
}

/// <summary>The HTTP client of the store: no proxy, a short time to connect, one pool for all calls.</summary>
internal sealed class S3HttpClients(X509ChainPolicy? trust) : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig)
    {
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            MaxConnectionsPerServer = 64,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        };
        handler.SslOptions.CertificateChainPolicy = trust;

        // Each call has a deadline of its own: the SDK's.
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => true;

    public override string? GetConfigUniqueString(IClientConfig clientConfig) => null;
}
