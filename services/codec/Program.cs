using MedCloudCare.Codecs;

// One frame after the other, until the gateway closes the input. Whatever else goes wrong ends the process: the gateway starts another.
using var input = Console.OpenStandardInput();
using var output = Console.OpenStandardOutput();
CodecWire.WriteReady(output);
while (CodecWire.ReadRequest(input) is var (request, frame)) CodecWire.Write(output, Recoder.Recode(request, frame));
