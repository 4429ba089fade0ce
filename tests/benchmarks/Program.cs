using System.Globalization;
using MedCloudCare.Benchmarks;
using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;

// Hot paths of a real mesh, each as a ratio to a baseline that is measured in the same run on the same bytes.
//   dotnet run -c Release --project tests/benchmarks [-- SLICES [RUNS]]
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
    Report.Print(await RequestBenchmark.RunAsync(mesh, user, slices));
    Report.PrintMemory(mesh);
}
finally
{
    await mesh.DisposeAsync();
}
