using System.Diagnostics;
using Spectre.Console;

namespace MedCloudCare.Cli.Output;

/// <summary>Shows how far long work is: a bar on a terminal, a line now and then otherwise.</summary>
internal static class ProgressView
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    /// <summary>Runs the work.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="work">Gets a function that takes the fraction done (0 to 1) and a remark.</param>
    public static async Task<T> RunAsync<T>(string title, Func<Action<double, string>, Task<T>> work)
    {
        if (!Terminal.IsInteractive)
        {
            return await work(Lines(title)).ConfigureAwait(false);
        }

        return await Terminal.Live.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: 1);
                T result = await work((fraction, remark) =>
                {
                    task.Value = fraction;
                    task.Description = Markup.Escape($"{title}  {Terminal.Safe(remark)}");
                }).ConfigureAwait(false);
                task.Value = 1;
                return result;
            }).ConfigureAwait(false);
    }

    private static Action<double, string> Lines(string title)
    {
        Stopwatch since = Stopwatch.StartNew();
        string? last = null;
        Terminal.Note(title + " …");
        return (fraction, remark) =>
        {
            string line = $"  {fraction,4:P0}  {remark}";
            if (since.Elapsed >= BetweenLines && line != last)
            {
                since.Restart();
                last = line;
                Terminal.Note(line);
            }
        };
    }
}
