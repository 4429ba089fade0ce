using System.Diagnostics;
using System.Globalization;
using MedCloudCare.Fuzz;
using SharpFuzz;

// README.md tells what the commands are for; ./run calls them.
switch (args)
{
    case ["afl"]:
        Fuzzer.Run(stream => FuzzTarget.Run(Read(stream)));
        return 0;
    case ["seeds", var folder]:
        Directory.CreateDirectory(folder);
        foreach (var (name, input) in Seeds.All()) File.WriteAllBytes(Path.Combine(folder, name), input);
        return 0;
    case ["replay", .. var paths]:
        return Replay(paths);
    case ["mutate", var count, var seed, .. var paths]:
        return Mutate(long.Parse(count, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture), paths);
    default:
        Console.Error.WriteLine("usage: afl | seeds FOLDER | replay PATH... | mutate COUNT SEED [PATH...]");
        return 2;
}

static byte[] Read(Stream stream)
{
    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    return bytes.ToArray();
}

static IEnumerable<string> FilesOf(IEnumerable<string> paths) =>
    paths.SelectMany<string, string>(p => Directory.Exists(p) ? Directory.GetFiles(p, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [p]);

static int Replay(string[] paths)
{
    var (inputs, findings) = (0, 0);
    foreach (var path in FilesOf(paths))
    {
        inputs++;
        try
        {
            FuzzTarget.Run(File.ReadAllBytes(path));
        }
        catch (FindingException e)
        {
            findings++;
            Console.WriteLine($"{path}: {e.Message}\n{e.InnerException?.StackTrace}");
        }
    }

    Console.WriteLine($"{inputs} inputs, {findings} findings");
    return findings == 0 ? 0 : 1;
}

static int Mutate(long count, int seed, string[] paths)
{
    List<byte[]> corpus = [.. Seeds.All().Select(s => s.Input), .. FilesOf(paths).Select(File.ReadAllBytes).Where(f => f.Length > 2)];
    var mutator = new Mutator(corpus, seed);
    var watch = Stopwatch.StartNew();
    var findings = 0;
    for (long i = 1; i <= count; i++)
    {
        var input = mutator.Next();
        try
        {
            FuzzTarget.Run(input);
        }
        catch (FindingException e)
        {
            var file = Path.Combine(Directory.CreateDirectory("findings").FullName, string.Create(CultureInfo.InvariantCulture, $"{seed}-{i}"));
            File.WriteAllBytes(file, input);
            Console.WriteLine($"{file}: {e.Message[..Math.Min(e.Message.Length, 600)]}\n{e.InnerException?.StackTrace}");
            if (++findings == 20) break;
        }

        if (i % 1_000_000 == 0) Console.WriteLine($"{i} inputs, {findings} findings, {i / watch.Elapsed.TotalSeconds:F0}/s");
    }

    Console.WriteLine($"{count} mutations of {corpus.Count} inputs, seed {seed}: {findings} findings in {watch.Elapsed}");
    return findings == 0 ? 0 : 1;
}
