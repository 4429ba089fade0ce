using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Output;
using MedCloudCare.Common.V1;
using Status = Google.Rpc.Status;

namespace MedCloudCare.Cli.Tests;

public sealed class ExitCodeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("upload")]
    [InlineData("up", "--http", "70000")]
    [InlineData("up", "--dicom", "70000")]
    [InlineData("up", "--dicom-tls", "on")]
    [InlineData("dicom", "peers", "add", "CT1")]
    [InlineData("infer", "--model", "x")]
    [InlineData("admin", "create-user", "--email", "a@b.example", "--role", "pope")]
    public async Task Wrong_usage_is_2(params string[] arguments) =>
        Assert.Equal(ExitCode.Usage, await CommandLine.RunAsync(Root.Create(), arguments));

    [Theory]
    [InlineData("status")]
    [InlineData("studies")]
    [InlineData("admin", "list-users")]
    public async Task A_mesh_that_does_not_run_is_4(params string[] arguments) =>
        Assert.Equal(ExitCode.NotReachable, await CommandLine.RunAsync(Root.Create(), [.. arguments, "--data", _directory["none"]]));

    [Fact]
    public async Task Help_is_0_for_every_verb()
    {
        foreach (System.CommandLine.Command verb in Root.Create().Subcommands)
        {
            Assert.Equal(ExitCode.Ok, await CommandLine.RunAsync(Root.Create(), [verb.Name, "--help"]));
            Assert.False(string.IsNullOrWhiteSpace(verb.Description));
        }
    }

    [Fact]
    public async Task A_mesh_is_never_spoken_to_in_clear() =>
        Assert.Equal(ExitCode.Usage, await CommandLine.RunAsync(Root.Create(), ["studies", "--url", "http://127.0.0.1:8080", "--data", _directory.Path]));

    [Theory]
    [InlineData(StatusCode.Unauthenticated, "TOKEN_INVALID", ExitCode.NotSignedIn)]
    [InlineData(StatusCode.Unauthenticated, "CREDENTIALS_INVALID", ExitCode.NotSignedIn)]
    [InlineData(StatusCode.Unavailable, "SERVICE_UNAVAILABLE", ExitCode.NotReachable)]
    [InlineData(StatusCode.NotFound, "NOT_FOUND", ExitCode.Refused)]
    [InlineData(StatusCode.PermissionDenied, "ROLE_NOT_ALLOWED", ExitCode.Refused)]
    [InlineData(StatusCode.InvalidArgument, "MODEL_SYNTAX_ERROR", ExitCode.Refused)]
    public void A_typed_error_has_the_exit_code_of_its_reason(StatusCode status, string reason, int expected)
    {
        RpcException error = Typed(status, reason, "it is so", ("line", "7"));
        RpcProblem problem = RpcProblem.Of(error);
        Assert.Equal(expected, problem.ExitCode);
        Assert.Equal($"{reason}: it is so (line=7)", problem.Line);
        Assert.NotNull(problem.Hint);
        Assert.Equal(expected, CommandLine.Report(error, interrupted: false));
    }

    [Fact]
    public void An_unanswered_call_is_4_and_an_interrupted_one_130()
    {
        Assert.Equal(ExitCode.NotReachable, CommandLine.Report(new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, "refused")), false));
        Assert.Equal(ExitCode.Interrupted, CommandLine.Report(new OperationCanceledException(), true));
        Assert.Equal(ExitCode.MissingPrerequisite, CommandLine.Report(new CliException(ExitCode.MissingPrerequisite, "x"), false));
    }

    [Fact]
    public void A_call_that_got_no_token_has_the_exit_code_of_what_was_missing()
    {
        CliException missing = new(ExitCode.NotSignedIn, "Nobody is signed in.");
        Assert.Equal(ExitCode.NotSignedIn, CommandLine.Report(new RpcException(new Grpc.Core.Status(StatusCode.Internal, "no call", missing)), false));
    }

    [Theory]
    [InlineData(Reason.DicomTruncated, "DICOM_TRUNCATED")]
    [InlineData(Reason.InstanceConflict, "INSTANCE_CONFLICT")]
    public void Reasons_are_written_as_in_the_contracts(Reason reason, string expected) => Assert.Equal(expected, RpcReason.Name(reason));

    [Fact]
    public void Text_from_outside_cannot_steer_the_terminal() =>
        Assert.Equal("a\uFFFD[31mb\uFFFD", Terminal.Safe("a\e[31mb\u009b"));

    private static RpcException Typed(StatusCode code, string reason, string message, params (string Key, string Value)[] metadata)
    {
        ErrorInfo info = new() { Reason = reason, Domain = "medcloudcare" };
        foreach ((string key, string value) in metadata)
        {
            info.Metadata.Add(key, value);
        }

        return new Status { Code = (int)code, Message = message, Details = { Any.Pack(info) } }.ToRpcException();
    }
}
