using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.IntegrationTests.Platform;
using MedCloudCare.Platform.Errors;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Dimse;

[Collection(MeshCollection.Name)]
public sealed class PeerTests(MeshFixture mesh)
{
    private const string NotRecognized = "Calling AE Title Not Recognized";

    private string Authority => Path.Combine(mesh.Data, "pki", "ca.crt");

    [SkippableFact]
    public async Task A_known_title_gets_an_echo_and_an_unknown_one_is_rejected()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var known = await Scu.AddAsync(mesh, user.Email);
        using var stranger = Scu.Stranger(mesh);
        (await known.EchoAsync()).EnsureSuccess();
        AssertRejected(await stranger.EchoAsync(), NotRecognized);
        await known.RemoveAsync();
        AssertRejected(await known.EchoAsync(), NotRecognized);
    }

    [SkippableFact]
    public async Task Address_and_called_title_are_held_to_what_the_peer_says()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var elsewhere = await Scu.AddAsync(mesh, user.Email, "--from", "192.0.2.0/24", "--from", "2001:db8::/32");
        using var here = await Scu.AddAsync(mesh, user.Email, "--from", "127.0.0.0/8", "--called", "MCC");
        AssertRejected(await elsewhere.EchoAsync(), NotRecognized);
        AssertRejected(await here.EchoAsync(), "Called AE Title Not Recognized");
        (await here.EchoAsync("-aec", "MCC")).EnsureSuccess();
    }

    [SkippableFact]
    public async Task An_owner_who_waits_for_approval_stores_nothing()
    {
        Scu.RequireDcmtk();
        var pending = await PendingAccount.RegisterAsync(mesh);
        using var scu = await Scu.AddAsync(mesh, pending.Email);
        AssertRejected(await scu.EchoAsync(), "Rejected Permanent");
        (await mesh.RunAsync(["admin", "approve", pending.Email])).EnsureSuccess();
        (await scu.EchoAsync()).EnsureSuccess();
    }

    [SkippableFact]
    public async Task Over_tls_an_instance_is_stored_and_a_pinned_certificate_is_demanded()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var instance = new SmallInstance();
        (await scu.StoreTlsAsync(await scu.FilesAsync("in", [instance.File]), "+tla", "+cf", Authority)).EnsureSuccess();
        Assert.Equal(1, await user.CountAsync(instance.Series));

        var (right, wrong) = (Certificate(scu.Folder("right")), Certificate(scu.Folder("wrong")));
        using var pinned = await Scu.AddAsync(mesh, user.Email, "--certificate", right.Certificate);
        (await pinned.EchoTlsAsync("+tls", right.Key, right.Certificate, "+cf", Authority)).EnsureSuccess();
        AssertRejected(await pinned.EchoTlsAsync("+tls", wrong.Key, wrong.Certificate, "+cf", Authority), NotRecognized);
        AssertRejected(await pinned.EchoTlsAsync("+tla", "+cf", Authority), NotRecognized);
        AssertRejected(await pinned.EchoAsync(), NotRecognized);
    }

    [SkippableFact]
    public async Task The_door_with_tls_takes_nothing_without_or_with_old_tls()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var plain = await Programs.RunAsync("echoscu", ["-aet", scu.Title, "-to", "5", "-ta", "5", "127.0.0.1", $"{mesh.DicomTls.Port}"]);
        Assert.NotEqual(0, plain.ExitCode);
        if (!Programs.Has("openssl")) return;
        var old = await Programs.RunAsync("openssl", ["s_client", "-connect", mesh.DicomTls.ToString(), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
        Assert.NotEqual(0, old.ExitCode);
    }

    [SkippableFact]
    public async Task A_removed_peer_stores_nothing_more_through_an_open_association()
    {
        Scu.RequireDcmtk();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email);
        var series = new SyntheticSeries(slices: 4000, rows: 4, columns: 4);
        using var sender = scu.StartStoring(await scu.FilesAsync("in", series.Files));
        try
        {
            await Eventually.TrueAsync("some instances", TimeSpan.FromSeconds(60), async () => await user.CountAsync(series.SeriesInstanceUid) >= 5);
            await scu.RemoveAsync();

            // storescu gives up at the first refusal.
            await sender.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
            Assert.NotEqual(0, sender.ExitCode);
            Assert.InRange(await user.CountAsync(series.SeriesInstanceUid), 5, 3999);
        }
        finally
        {
            if (!sender.HasExited) sender.Kill();
        }
    }

    [Fact]
    public async Task Peers_are_listed_and_their_fields_are_checked()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var scu = await Scu.AddAsync(mesh, user.Email, "--from", "10.1.2.3", "--from", "10.9.8.7/8", "--called", "MCC", "--fingerprint", string.Join(':', Enumerable.Repeat("Ab", 32)));
        var listed = JsonDocument.Parse((await mesh.RunAsync(["dicom", "peers", "list", "--json"])).EnsureSuccess().Output).RootElement.EnumerateArray()
            .Single(p => p.GetProperty("callingAeTitle").GetString() == scu.Title);
        Assert.Equal(user.Name, listed.GetProperty("owner").GetString());
        Assert.Equal(["10.1.2.3/32", "10.0.0.0/8"], listed.GetProperty("networks").EnumerateArray().Select(n => n.GetString()));
        Assert.Equal(string.Concat(Enumerable.Repeat("ab", 32)), listed.GetProperty("clientCertificateSha256").GetString());

        using var auth = mesh.ChannelAsOperator("auth");
        var peers = new DicomPeerService.DicomPeerServiceClient(auth);
        await AssertRefusedAsync(peers, new DicomPeer { CallingAeTitle = scu.Title, Owner = user.Name }, Reason.AlreadyExists);
        foreach (var bad in new[]
        {
            new DicomPeer { CallingAeTitle = "", Owner = user.Name },
            new DicomPeer { CallingAeTitle = "A\\B", Owner = user.Name },
            new DicomPeer { CallingAeTitle = "SEVENTEEN_LETTERS", Owner = user.Name },
            new DicomPeer { CallingAeTitle = " X", Owner = user.Name },
            new DicomPeer { CallingAeTitle = "X1", CalledAeTitle = "\t", Owner = user.Name },
            new DicomPeer { CallingAeTitle = "X1", Owner = "nobody" },
            new DicomPeer { CallingAeTitle = "X1", Owner = user.Name, Networks = { "10.0.0.0/33" } },
            new DicomPeer { CallingAeTitle = "X1", Owner = user.Name, Networks = { "somewhere" } },
            new DicomPeer { CallingAeTitle = "X1", Owner = user.Name, ClientCertificateSha256 = "abc" },
            new DicomPeer { CallingAeTitle = "X1", Owner = (await mesh.NewUserAsync(Role.Administrator)).Name },
        })
        {
            await AssertRefusedAsync(peers, bad, Reason.FieldInvalid);
        }

        await AssertRefusedAsync(peers, new DicomPeer { CallingAeTitle = "X1", Owner = $"accounts/{Guid.NewGuid()}" }, Reason.NotFound);
    }

    [Fact]
    public async Task Administrators_manage_peers_over_rest_and_nobody_outside_gets_an_admission()
    {
        var administrator = await mesh.NewUserAsync(Role.Administrator);
        var user = await mesh.NewUserAsync(Role.Researcher);
        using var http = administrator.Http();
        using var made = await http.PostAsync("/v1/dicomPeers", new StringContent(
            JsonSerializer.Serialize(new { callingAeTitle = "REST" + Guid.NewGuid().ToString("n")[..8], owner = user.Name }), System.Text.Encoding.UTF8, "application/json"));
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        var name = JsonDocument.Parse(await made.Content.ReadAsStringAsync()).RootElement.GetProperty("name").GetString();
        using var removed = await http.DeleteAsync("/v1/" + name);
        Assert.True(removed.IsSuccessStatusCode);
        using var again = await http.DeleteAsync("/v1/" + name);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, again.StatusCode);

        using var auth = mesh.ChannelAsOperator("auth");
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await new DicomPeerService.DicomPeerServiceClient(auth).AdmitDicomPeerAsync(new AdmitDicomPeerRequest { CallingAeTitle = "X" }));
        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
    }

    private static async Task AssertRefusedAsync(DicomPeerService.DicomPeerServiceClient peers, DicomPeer peer, Reason reason)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await peers.CreateDicomPeerAsync(new CreateDicomPeerRequest { DicomPeer = peer }));
        Assert.True(MeshErrors.Is(error, reason), $"{peer}: {error.Status}");
    }

    private static void AssertRejected(ProgramResult result, string why)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(why, result.Output + result.Error, StringComparison.Ordinal);
    }

    private static (string Key, string Certificate) Certificate(string folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Modality", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        var (keyFile, certificateFile) = (Path.Combine(folder, "key.pem"), Path.Combine(folder, "certificate.pem"));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        return (keyFile, certificateFile);
    }
}
