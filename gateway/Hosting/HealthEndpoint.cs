using System.Text.Json;
using Grpc.Core;
using Grpc.Health.V1;
using MedCloudCare.Platform.Clients;

namespace MedCloudCare.Gateway.Hosting;

/// <summary>GET /healthz: 200 when every service of the mesh serves, else 503; the body names each.</summary>
internal sealed class HealthEndpoint(MeshChannels channels, TimeProvider time) : IDisposable
{
    private static readonly string[] Services = ["auth", "study", "sharing", "model", "inference"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // Whoever asks, and however often: the services are asked once in this time.
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _one = new(1);
    private Dictionary<string, string> _last = [];
    private long _askedAt;

    public void Dispose() => _one.Dispose();

    public async Task HandleAsync(HttpContext http)
    {
        var states = await AskAsync(http.RequestAborted);
        var well = states.Values.All(s => s == "SERVING");
        http.Response.StatusCode = well ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(
            JsonSerializer.Serialize(new Dictionary<string, object> { ["status"] = well ? "SERVING" : "NOT_SERVING", ["services"] = states }), http.RequestAborted);
    }

    private async Task<Dictionary<string, string>> AskAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_last.Count > 0 && time.GetElapsedTime(_askedAt) < Fresh) return _last;
            var states = await Task.WhenAll(Services.Select(AskOneAsync));
            (_last, _askedAt) = (Services.Zip(states).ToDictionary(p => p.First, p => p.Second), time.GetTimestamp());
            return _last;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<string> AskOneAsync(string service)
    {
        try
        {
            var answer = await new Health.HealthClient(channels.For(service)).CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow + Patience);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving ? "SERVING" : "NOT_SERVING";
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            return "UNREACHABLE";
        }
    }
}
