using MedCloudCare.Cli;
using MedCloudCare.Cli.Commands;

return await CommandLine.RunAsync(Root.Create(), args).ConfigureAwait(false);
