using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Inference;

/// <summary>What a hostile model tries, and that the mesh goes on. A try that succeeds shows as a job that succeeds.</summary>
[Collection(MeshCollection.Name)]
public sealed class HostileModelTests(MeshFixture mesh)
{
    private const string Found = "return Segmentation(task.volume > 100, [Segment(1, 'got in')])";

    public static TheoryData<string, string> Tries => new()
    {
        { "reads the host's passwords", "open('/etc/shadow').read()\n" + Found },
        { "looks for keys anywhere", "found = [os.path.join(d, f) for d, _, fs in os.walk('/') for f in fs if f == 'keyring.json' or f.endswith('.key') and not d.startswith('/usr/')]\nassert found, 'nothing there'\n" + Found },
        { "looks for other models", "found = [d for d, _, fs in os.walk('/') if 'main.py' in fs and not d.startswith('/usr/') and not os.path.samefile(d, task.files)]\nassert found, 'nothing there'\n" + Found },
        { "connects to the host", "socket.create_connection(('127.0.0.1', {PORT}), 2)\n" + Found },
        { "connects to anywhere", "socket.create_connection(('192.0.2.1', 80), 2)\n" + Found },
        { "allocates 50 GB", "hog = [np.ones(2**27) for _ in range(50)]\n" + Found },
        { "forks without end", "while True: os.fork()" },
        { "fills the disk", "with open('/tmp/fill', 'wb') as f:\n    while True: f.write(b'x' * 2**20)" },
        { "writes over its own code", "open(os.path.join(task.files, 'main.py'), 'w').write('evil')\n" + Found },
        { "kills its neighbours", "for p in range(2, 99999):\n    try: os.kill(p, 9)\n    except OSError: pass\nraise RuntimeError('all tried')" },
    };

    [Theory]
    [MemberData(nameof(Tries))]
    public async Task A_model_that_goes_where_it_should_not_fails_its_job_and_nothing_else(string what, string body)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var hostile = (await researcher.PublishAsync(TestModels.Segmenting(body.Replace("{PORT}", new Uri(mesh.AddressOf("auth")).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)))).Model;
        var series = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        var job = await researcher.EndOfAsync(await researcher.RunAsync(hostile.Name, series));
        Assert.True(job.State == Job.Types.State.Failed, $"a model that {what}: {job.State}");
        Assert.Contains(job.Error.Reason, new[] { Reason.ModelFailed, Reason.ModelLimitExceeded, Reason.ModelPodLost });
        Assert.NotEmpty(job.Error.Message);

        var honest = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var next = await researcher.EndOfAsync(await researcher.RunAsync(honest.Name, series));
        Assert.Equal(Job.Types.State.Succeeded, next.State);
    }
}
