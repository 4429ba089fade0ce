using System.Globalization;
using MedCloudCare.Benchmarks;
using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;

// Hot paths of a real mesh, each as a ratio to a baseline that is measured in the same run on the same bytes.
//   dotnet run -c Release --project tests/benchmarks [-- SLICES [RUNS]]
// Pixels alone: "codec". Searches over a million studies: "index [STUDIES]". Any DICOMweb service, alone or against another one: see DicomWebBenchmark.
switch (args)
{
    case ["bare", var pki, var bytes]:
        await BareService.ServeAsync(pki, long.Parse(bytes, CultureInfo.InvariantCulture));
        return;
    case ["codec"]:
        Report.Print([.. await CodecBenchmark.RunAsync(runs: 3)]);
        return;
    case ["index", ..]:
        await IndexBenchmark.RunAsync(args);
        return;
    case ["dicomweb", ..]:
        await DicomWebBenchmark.RunAsync(args);
        return;
}

var slices = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200;
var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
Console.WriteLine($"{slices} slices of 512 x 512 x 16 bit, {runs} runs, {Environment.ProcessorCount} processors; medians");

Report.Print([.. ScanBenchmark.Run(slices, runs), .. SealBenchmark.Run(slices, runs)]);

var mesh = new MeshFixture();
await mesh.InitializeAsync();
try
{
    var user = await mesh.NewUserAsync(Role.HealthProfessional);
    await using var pipe = await TlsPipe.OpenAsync(mesh);
    Report.Print(await TransferBenchmark.RunAsync(mesh, user, pipe, slices, runs));
    Report.Print(await MeshBenchmark.RunAsync(mesh, user, slices, runs));
    Report.Print(await RequestBenchmark.RunAsync(mesh, user, slices));
    Report.PrintMemory(mesh);
}
finally
{
    await mesh.DisposeAsync();
}
