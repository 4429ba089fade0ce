using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sharing.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Models;

[Collection(MeshCollection.Name)]
public sealed class VersionTests(MeshFixture mesh)
{
    [Fact]
    public async Task Versions_are_numbered_the_newest_is_active_and_an_older_one_can_be_activated()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var first = await researcher.PublishAsync(TestModels.Threshold, "Versions");
        await AssertReasonAsync(Reason.AlreadyExists, () => researcher.PublishAsync(TestModels.Threshold, "VERSIONS"));
        var second = await PublishAsync(researcher, new() { Model = first.Model.Name, Form = Form("Versions, renamed") });
        Assert.Equal((2, first.Model.Name), (second.Version.Number, second.Model.Name));
        Assert.Equal((second.Version.Name, "Versions, renamed", Visibility.Public), (second.Model.ActiveVersion, second.Model.Form.DisplayName, second.Model.Visibility));
        var third = await PublishAsync(researcher, new() { Form = Form("versions, RENAMED"), Visibility = Visibility.Private, UpdateExisting = true });
        Assert.Equal((3, Visibility.Private), (third.Version.Number, third.Model.Visibility));

        var back = await researcher.Models.ActivateModelVersionAsync(new ActivateModelVersionRequest { Name = first.Version.Name }, researcher.Headers);
        Assert.Equal((first.Version.Name, "Versions"), (back.ActiveVersion, back.Form.DisplayName));
        var page = await researcher.Models.ListModelVersionsAsync(new ListModelVersionsRequest { Parent = first.Model.Name, PageSize = 2 }, researcher.Headers);
        Assert.Equal([3, 2], page.Versions.Select(v => v.Number));
        var rest = await researcher.Models.ListModelVersionsAsync(new ListModelVersionsRequest { Parent = first.Model.Name, PageSize = 2, PageToken = page.NextPageToken }, researcher.Headers);
        Assert.Equal([1], rest.Versions.Select(v => v.Number));
        Assert.Empty(rest.NextPageToken);
        await AssertReasonAsync(Reason.NotFound, async () => await researcher.Models.ActivateModelVersionAsync(new ActivateModelVersionRequest { Name = first.Model.Name + "/versions/4" }, researcher.Headers));
        await AssertReasonAsync(Reason.FieldInvalid, async () => await researcher.Models.GetModelVersionAsync(new GetModelVersionRequest { Name = first.Model.Name + "/versions/0" }, researcher.Headers));
    }

    [Fact]
    public async Task A_private_model_does_not_exist_for_others_until_it_is_shared_with_them()
    {
        var owner = await mesh.NewUserAsync(Role.Researcher);
        var other = await mesh.NewUserAsync(Role.Researcher);
        var published = await owner.PublishAsync(TestModels.Threshold, visibility: Visibility.Private);
        string name = published.Model.Name;
        await AssertHiddenAsync(other, name);

        var view = await owner.Sharing.CreateGrantAsync(new CreateGrantRequest { Resource = name, GranteeEmail = other.Email, Permission = Permission.View }, owner.Headers);
        var seen = await other.Models.GetModelAsync(new GetModelRequest { Name = name }, other.Headers);
        Assert.False(seen.Owned);
        Assert.Empty((await other.Models.GetModelVersionAsync(new GetModelVersionRequest { Name = published.Version.Name }, other.Headers)).Files);
        await AssertReasonAsync(Reason.NotPermitted, async () => await other.Models.ListModelVersionsAsync(new ListModelVersionsRequest { Parent = name }, other.Headers));
        await AssertReasonAsync(Reason.NotPermitted, async () => await other.Models.ActivateModelVersionAsync(new ActivateModelVersionRequest { Name = published.Version.Name }, other.Headers));
        await AssertReasonAsync(Reason.NotPermitted, async () => await other.Models.GetDeploymentAsync(new GetDeploymentRequest { Name = published.Version.Name + "/deployment" }, other.Headers));
        await AssertReasonAsync(Reason.NotPermitted, () => PublishAsync(other, new() { Model = name, Form = Form("Mine now") }));

        await owner.Sharing.DeleteGrantAsync(new DeleteGrantRequest { Name = view.Name }, owner.Headers);
        await AssertHiddenAsync(other, name);

        await owner.Sharing.CreateGrantAsync(new CreateGrantRequest { Resource = name, GranteeEmail = other.Email, Permission = Permission.Edit }, owner.Headers);
        var second = await PublishAsync(other, new() { Model = name, Form = Form("Edited") });
        Assert.Equal((2, other.Name, owner.Name), (second.Version.Number, second.Version.Author, second.Model.Owner));
        Assert.NotEmpty((await other.Models.GetModelVersionAsync(new GetModelVersionRequest { Name = published.Version.Name }, other.Headers)).Files);
        await AssertReasonAsync(Reason.NotPermitted, async () => await other.Models.SetModelVisibilityAsync(new SetModelVisibilityRequest { Name = name, Visibility = Visibility.Public }, other.Headers));
    }

    [Fact]
    public async Task Models_are_listed_in_order_page_by_page_and_by_what_they_are_for()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        foreach (string name in (string[])["delta", "Alpha", "charlie", "Bravo"])
        {
            await researcher.PublishAsync(TestModels.Threshold, name, Visibility.Private);
        }

        var names = new List<string>();
        string token = "";
        do
        {
            var page = await researcher.Models.ListModelsAsync(new ListModelsRequest { Owned = true, PageSize = 3, PageToken = token }, researcher.Headers);
            names.AddRange(page.Models.Select(m => m.Form.DisplayName));
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(["Alpha", "Bravo", "charlie", "delta"], names);
        foreach (var (request, count) in ((ListModelsRequest, int)[])
        [
            (new() { Owned = true, Modality = "mr", BodyPart = "BRAIN" }, 4),
            (new() { Owned = true, Modality = "CT" }, 0),
            (new() { Owned = true, BodyPart = "CHEST" }, 0),
            (new() { Owned = true, Task = InferType.Detection }, 0),
        ])
        {
            Assert.Equal(count, (await researcher.Models.ListModelsAsync(request, researcher.Headers)).Models.Count);
        }

        await AssertReasonAsync(Reason.FieldInvalid, async () => await researcher.Models.ListModelsAsync(new ListModelsRequest { PageToken = "x" }, researcher.Headers));
    }

    [Fact]
    public async Task A_researcher_sees_why_the_pods_do_not_start()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var broken = await researcher.PublishAsync("import no_such_module\n" + TestModels.Threshold);
        var deployment = await Eventually.GetAsync("a report of the failure", TimeSpan.FromSeconds(60), async () =>
        {
            var now = await researcher.Models.GetDeploymentAsync(new GetDeploymentRequest { Name = broken.Version.Name + "/deployment" }, researcher.Headers);
            return now.LastFailure.Length > 0 ? now : null;
        });
        Assert.Contains("No module named 'no_such_module'", deployment.LastFailure, StringComparison.Ordinal);
        Assert.Contains(deployment.Log, l => l.Contains("main.py", StringComparison.Ordinal));
        Assert.All(deployment.Replicas.Replicas, r => Assert.Empty(r.Endpoint));
    }

    private static async Task AssertHiddenAsync(TestUser user, string name)
    {
        await AssertReasonAsync(Reason.NotFound, async () => await user.Models.GetModelAsync(new GetModelRequest { Name = name }, user.Headers));
        await AssertReasonAsync(Reason.NotFound, async () => await user.Models.GetModelVersionAsync(new GetModelVersionRequest { Name = name + "/versions/1" }, user.Headers));
        await AssertReasonAsync(Reason.NotFound, async () => await user.Models.ListModelVersionsAsync(new ListModelVersionsRequest { Parent = name }, user.Headers));
        await AssertReasonAsync(Reason.NotFound, () => PublishAsync(user, new() { Model = name, Form = Form("Not mine") }));
        Assert.DoesNotContain((await user.Models.ListModelsAsync(new ListModelsRequest { PageSize = 1000 }, user.Headers)).Models, m => m.Name == name);
    }

    private static ModelForm Form(string name) => new() { DisplayName = name, Task = InferType.Segmentation };

    private static async Task<PublishModelResponse> PublishAsync(TestUser researcher, PublishModelRequest.Types.Start start)
    {
        using var call = researcher.Models.PublishModel(researcher.Headers, DateTime.UtcNow.AddMinutes(1));
        await call.RequestStream.WriteAsync(new PublishModelRequest { Start = start });
        try
        {
            await call.RequestStream.WriteAsync(new PublishModelRequest { File = new() { Path = "main.py" } });
            await call.RequestStream.WriteAsync(new PublishModelRequest { Data = Google.Protobuf.ByteString.CopyFromUtf8(TestModels.Threshold) });
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException)
        {
            // Refused already; the response says why.
        }

        return await call;
    }

    private static async Task AssertReasonAsync(Reason reason, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(MeshErrors.TryRead(error, out var actual, out _), error.ToString());
        Assert.Equal(reason, actual);
    }
}
