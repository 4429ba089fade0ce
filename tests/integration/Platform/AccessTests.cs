using Google.Protobuf.Reflection;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Platform;

[Collection(MeshCollection.Name)]
public sealed class AccessTests(MeshFixture mesh)
{
    [Fact]
    public void Every_rpc_declares_who_may_call_it()
    {
        Assert.NotEmpty(EveryRpc.All);
        Assert.All(EveryRpc.All, rpc =>
        {
            var rule = EveryRpc.RuleOf(rpc);
            Assert.True(rule is not null, $"{rpc.FullName} has no access rule");
            Assert.True(rule.Anonymous || rule.AnyAccount || rule.Roles.Count > 0 || rule.Services.Count > 0, $"{rpc.FullName} can be called by nobody");
        });
    }

    [Fact]
    public async Task Every_rpc_refuses_a_caller_without_a_token()
    {
        foreach (var rpc in EveryRpc.All.Where(r => !EveryRpc.RuleOf(r)!.Anonymous))
        {
            var error = await EveryRpc.CallAsync(mesh.Channel.CreateCallInvoker(), rpc, []);
            AssertRefused(rpc, error, AccessTable.IsPublic(rpc) ? StatusCode.Unauthenticated : StatusCode.Unimplemented);
        }
    }

    [Theory]
    [InlineData(Role.HealthProfessional)]
    [InlineData(Role.Researcher)]
    [InlineData(Role.Administrator)]
    public async Task Every_rpc_refuses_the_roles_that_its_rule_does_not_name(Role role)
    {
        var user = await mesh.NewUserAsync(role);
        foreach (var rpc in EveryRpc.All.Where(r => EveryRpc.RuleOf(r) is { Anonymous: false, AnyAccount: false } rule && !rule.Roles.Contains(role)))
        {
            var error = await EveryRpc.CallAsync(mesh.Channel.CreateCallInvoker(), rpc, user.Headers);
            AssertRefused(rpc, error, AccessTable.IsPublic(rpc) ? StatusCode.PermissionDenied : StatusCode.Unimplemented);
        }
    }

    [Fact]
    public async Task Every_rpc_refuses_an_account_that_waits_for_approval()
    {
        var pending = await PendingAccount.RegisterAsync(mesh);
        foreach (var rpc in EveryRpc.All.Where(r => EveryRpc.RuleOf(r) is { Anonymous: false, AnyAccount: false } && AccessTable.IsPublic(r)))
        {
            var error = await EveryRpc.CallAsync(mesh.Channel.CreateCallInvoker(), rpc, pending.Headers);
            AssertRefused(rpc, error, StatusCode.PermissionDenied);
            Assert.True(MeshErrors.Is(error!, Reason.AccountNotApproved), rpc.FullName);
        }
    }

    [Fact]
    public async Task The_operators_certificate_opens_nothing_but_what_the_rules_name()
    {
        foreach (var rpc in EveryRpc.All.Where(r => EveryRpc.RuleOf(r) is { Anonymous: false } rule && !rule.Services.Contains("operator")))
        {
            using var channel = mesh.ChannelAsOperator(rpc.Service.File.Package.Split('.')[1]);
            var error = await EveryRpc.CallAsync(channel.CreateCallInvoker(), rpc, []);
            Assert.True(error?.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied, $"{rpc.FullName}: {error?.Status}");
        }
    }

    private static void AssertRefused(MethodDescriptor rpc, RpcException? error, StatusCode expected) =>
        Assert.True(error?.StatusCode == expected, $"{rpc.FullName} answered {error?.Status.ToString() ?? "OK"}, not {expected}");
}
