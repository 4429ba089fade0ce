using System.Diagnostics;
using System.Globalization;
using MedCloudCare.Sealing;
using MedCloudCare.Studies;
using MedCloudCare.Studies.Tests;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Benchmarks;

/// <summary>
/// Searches over very many studies of one owner against the same over a thousand, in one process: the study service's own
/// search over a private PostgreSQL, without the network. The rows of the studies are generated and sealed; those of series
/// and instances are not, since no search for studies reads them.
/// </summary>
internal static class IndexBenchmark
{
    private const int Few = 1000;
    private const int Page = 101;
    private const int Runs = 200;

    /// <summary><c>index [STUDIES]</c>: 1,000,000 unless said otherwise.</summary>
    public static async Task RunAsync(string[] args)
    {
        int many = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;
        PostgresFixture postgres = new();
        await postgres.InitializeAsync();
        string directory = Directory.CreateTempSubdirectory("mcc-index-").FullName;
        try
        {
            await using NpgsqlDataSource database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
            Keyring keyring = Keyring.LoadOrCreate(Path.Combine(directory, "keyring.json"));
            using DirectoryDataKeyStore keys = await DirectoryDataKeyStore.OpenAsync(Path.Combine(directory, "keys"), keyring);
            IndexRows rows = new(database, keyring, Path.Combine(directory, "keys"));
            Guid few = Guid.NewGuid(), large = Guid.NewGuid();
            Stopwatch clock = Stopwatch.StartNew();
            await rows.AddAsync(few, Few);
            await rows.AddAsync(large, many);
            Say($"generated {many:N0} studies in {clock.Elapsed.TotalSeconds:0} s");
            await MeasureAsync(database, keys, few, large, many);
        }
        finally
        {
            await postgres.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Measures an owner of a thousand studies and one of many.</summary>
    internal static async Task MeasureAsync(NpgsqlDataSource database, IDataKeyStore keys, Guid few, Guid large, int many)
    {
        StudyIndex index = new(database, keys, new StudyOptions(), TimeProvider.System, NullLogger<StudyIndex>.Instance);
        await index.OwnAsync(few, default);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await LoadAsync(database, keys, index, few, large);
        Say($"memory: {(GC.GetTotalMemory(forceFullCollection: true) - before) / (double)many:0} bytes a study (the index says {index.Bytes / (double)(many + Few):0})");

        Random random = new(7);
        await CompareAsync("patient name *abc*", () => Matching("PatientName", $"*{IndexRows.NameOf(random.Next(Few)).Split('^')[0][1..4]}*"));
        await CompareAsync("patient name, 1 match in 10,000", () => Matching("PatientName", $"{IndexRows.NameOf(random.Next(Few)).Split('^')[0]}^*"));
        await CompareAsync("patient ID", () => Matching("PatientID", IndexRows.PatientIdOf(random.Next(Few))));
        await CompareAsync("date range and modality", () =>
        {
            DateTime day = new DateTime(2016, 1, 1).AddDays(random.Next(3500));
            SearchRequest request = Matching("StudyDate", $"{day:yyyyMMdd}-{day.AddDays(30):yyyyMMdd}");
            request.Matches.Add(new SearchRequest.Types.Match { Attribute = "ModalitiesInStudy", Value = "MR" });
            return request;
        });
        await CompareAsync("unfiltered, newest first", () => new SearchRequest { Level = Level.Study, Limit = Page });

        async Task CompareAsync(string name, Func<SearchRequest> make)
        {
            foreach (bool isLast in (bool[])[false, true])
            {
                List<double> ofFew = [], ofMany = [];
                for (int run = -20; run < Runs; run++)
                {
                    SearchRequest request = make();
                    double a = await TimeAsync(few, request, isLast);
                    double b = await TimeAsync(large, request, isLast);
                    if (run >= 0)
                    {
                        ofFew.Add(a);
                        ofMany.Add(b);
                    }
                }

                Say($"{name,-32} {(isLast ? "last" : "first"),-5} page: {Compare(ofMany, ofFew, 0.5)}; {Compare(ofMany, ofFew, 0.95)}");
            }
        }

        async Task<double> TimeAsync(Guid owner, SearchRequest request, bool isLast)
        {
            request = request.Clone();
            if (isLast)
            {
                Searcher counting = new(database, keys, index, SearchPlan.Of(request));
                await counting.RunAsync(owner, default).AnyAsync();
                request.Offset = (int)Math.Max(0, (counting.Total ?? 0) - Page);
            }

            long start = Stopwatch.GetTimestamp();
            await new Searcher(database, keys, index, SearchPlan.Of(request)).RunAsync(owner, default).CountAsync();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    /// <summary>Loads an owner while another one goes on searching.</summary>
    private static async Task LoadAsync(NpgsqlDataSource database, IDataKeyStore keys, StudyIndex index, Guid other, Guid owner)
    {
        Process process = Process.GetCurrentProcess();
        TimeSpan processor = process.TotalProcessorTime;
        Stopwatch clock = Stopwatch.StartNew();
        Task load = index.OwnAsync(owner, default);
        List<double> meanwhile = [];
        while (!load.IsCompleted)
        {
            long start = Stopwatch.GetTimestamp();
            await new Searcher(database, keys, index, SearchPlan.Of(new SearchRequest { Level = Level.Study, Limit = Page })).RunAsync(other, default).CountAsync();
            meanwhile.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.WhenAny(load, Task.Delay(10));
        }

        await load;
        process.Refresh();
        Say($"loaded in {clock.Elapsed.TotalSeconds:0.0} s, {(process.TotalProcessorTime - processor).TotalSeconds:0.0} s of processor time");
        Say($"another owner's first page meanwhile: p50 {At(meanwhile, 0.5):0.0} ms, p95 {At(meanwhile, 0.95):0.0} ms, at most {meanwhile.Max():0.0} ms");
    }

    private static SearchRequest Matching(string attribute, string value) => new()
    {
        Level = Level.Study,
        Limit = Page,
        Matches = { new SearchRequest.Types.Match { Attribute = attribute, Value = value } },
    };

    private static string Compare(List<double> many, List<double> few, double share) => string.Create(
        CultureInfo.InvariantCulture, $"p{share * 100:0} {At(many, share):0.00} ms = {At(many, share) / At(few, share):0.00} x {Few} studies' {At(few, share):0.00} ms");

    private static double At(List<double> values, double share) => values.Order().ElementAt((int)(values.Count * share));

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
