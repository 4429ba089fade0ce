using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.IntegrationTests.Platform;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Auth;

[Collection(MeshCollection.Name)]
public sealed class AccountTests(MeshFixture mesh)
{
    private readonly AuthService.AuthServiceClient auth = new(mesh.Channel);

    [Fact]
    public async Task A_health_professional_can_act_only_after_an_administrators_approval()
    {
        var pending = await PendingAccount.RegisterAsync(mesh);
        Assert.Equal(Account.Types.State.Pending, (await auth.GetMeAsync(new GetMeRequest(), pending.Headers)).State);

        var administrator = await mesh.NewUserAsync(Role.Administrator);
        var queue = await auth.ListAccountsAsync(new ListAccountsRequest { State = Account.Types.State.Pending, PageSize = 1000 }, administrator.Headers);
        Assert.Contains(queue.Accounts, a => a.Email == pending.Email);
        await auth.ApproveAccountAsync(new ApproveAccountRequest { Name = pending.Session.Account.Name }, administrator.Headers);

        var session = await auth.SignInAsync(new SignInRequest { Email = pending.Email.ToUpperInvariant(), Password = pending.Password });
        var studies = new StudyService.StudyServiceClient(mesh.Channel);
        Assert.Empty((await studies.ListStudiesAsync(new ListStudiesRequest(), MeshHeaders.Bearer(session.AccessToken))).Studies);
    }

    [Fact]
    public async Task An_address_registers_once_however_it_is_written()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await auth.RegisterAsync(new RegisterRequest
        {
            Email = user.Email.ToUpperInvariant(), Password = "another password", DisplayName = "Second", Role = Role.Researcher,
        }));
        Assert.True(MeshErrors.Is(error, Reason.AlreadyExists));
    }

    [Theory]
    [InlineData("nobody", "long enough password", "Name", Role.Researcher, "email")]
    [InlineData("a@b.example", "short", "Name", Role.Researcher, "password")]
    [InlineData("a@b.example", "long enough password", " ", Role.Researcher, "display_name")]
    [InlineData("a@b.example", "long enough password", "Name", Role.Administrator, "role")]
    public async Task A_bad_registration_names_the_field(string email, string password, string name, Role role, string field)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await auth.RegisterAsync(new RegisterRequest { Email = email, Password = password, DisplayName = name, Role = role }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.True(MeshErrors.TryRead(error, out var reason, out var metadata));
        Assert.Equal(Reason.FieldInvalid, reason);
        Assert.Equal(field, metadata["field"]);
    }

    [Fact]
    public async Task Unknown_accounts_and_wrong_passwords_get_the_same_answer_and_then_a_wait()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var unknown = $"unknown-{Guid.NewGuid():n}@test.example";
        foreach (var email in new[] { user.Email, unknown })
        {
            var answers = new List<Reason>();
            for (var attempt = 0; attempt < 7; attempt++)
            {
                var error = await Assert.ThrowsAsync<RpcException>(async () => await auth.SignInAsync(new SignInRequest { Email = email, Password = "wrong password" }));
                Assert.True(MeshErrors.TryRead(error, out var reason, out _));
                answers.Add(reason);
            }

            Assert.All(answers.Take(5), r => Assert.Equal(Reason.CredentialsInvalid, r));
            Assert.Contains(Reason.RateLimited, answers.Skip(5));
        }
    }

    [Fact]
    public async Task A_refresh_token_is_spent_by_its_use_and_the_race_of_two_tabs_gives_out_one_successor()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var request = new RefreshSessionRequest { RefreshToken = user.Session.RefreshToken };
        var race = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            try
            {
                return (Tokens: (SessionTokens?)await auth.RefreshSessionAsync(request), Error: (RpcException?)null);
            }
            catch (RpcException e)
            {
                return (Tokens: (SessionTokens?)null, Error: (RpcException?)e);
            }
        }));
        var winner = Assert.Single(race, r => r.Tokens is not null).Tokens!;
        Assert.All(race.Where(r => r.Tokens is null), r => Assert.True(MeshErrors.Is(r.Error!, Reason.RefreshTokenRaced)));
        Assert.NotEqual(user.Session.RefreshToken, winner.RefreshToken);
        Assert.NotNull(await auth.RefreshSessionAsync(new RefreshSessionRequest { RefreshToken = winner.RefreshToken }));
    }

    [Fact]
    public async Task Signing_out_ends_the_session()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        await auth.SignOutAsync(new SignOutRequest { RefreshToken = user.Session.RefreshToken });
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await auth.RefreshSessionAsync(new RefreshSessionRequest { RefreshToken = user.Session.RefreshToken }));
        Assert.True(MeshErrors.Is(error, Reason.TokenInvalid));
    }

    [Fact]
    public async Task Accounts_are_listed_page_by_page_without_gaps()
    {
        var administrator = await mesh.NewUserAsync(Role.Administrator);
        var expected = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            expected.Add((await mesh.NewUserAsync(Role.Researcher)).Name);
        }

        var listed = new List<string>();
        var token = "";
        do
        {
            var page = await auth.ListAccountsAsync(new ListAccountsRequest { PageSize = 2, PageToken = token }, administrator.Headers);
            Assert.InRange(page.Accounts.Count, 1, 2);
            listed.AddRange(page.Accounts.Select(a => a.Name));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(listed.Distinct(), listed);
        Assert.Subset(listed.ToHashSet(), expected.ToHashSet());
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await auth.ListAccountsAsync(new ListAccountsRequest { PageToken = "nonsense" }, administrator.Headers));
        Assert.True(MeshErrors.Is(error, Reason.FieldInvalid));
    }
}
