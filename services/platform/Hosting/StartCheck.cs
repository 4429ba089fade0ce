using MedCloudCare.Platform.Data;
using Microsoft.Extensions.DependencyInjection;

namespace MedCloudCare.Platform.Hosting;

/// <summary>
/// A service that cannot run as it is configured, so that starting it again cannot help. Its message is the last line that the
/// process writes, and is shown by <c>mcc up</c>.
/// </summary>
public class StartRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Checks that a service makes before it serves.</summary>
public static class StartChecks
{
    /// <summary>Adds a check: where it throws <typeparamref name="TRefusal"/>, the process ends with exit code 78 and its message.</summary>
    public static IServiceCollection AddStartCheck<TRefusal>(this IServiceCollection services, Action<IServiceProvider> check)
        where TRefusal : Exception =>
        services.AddSingleton<IStartStep>(provider => new Step<TRefusal>(() => check(provider)));

    private sealed class Step<TRefusal>(Action check) : IStartStep
        where TRefusal : Exception
    {
        public Task RunAsync(CancellationToken cancellation)
        {
            try
            {
                check();
                return Task.CompletedTask;
            }
            catch (TRefusal e)
            {
                throw new StartRefusedException(e.Message, e);
            }
        }
    }
}
