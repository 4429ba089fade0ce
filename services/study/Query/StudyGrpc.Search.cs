using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Platform.Access;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task Search(SearchRequest request, IServerStreamWriter<SearchResponse> responses, ServerCallContext context)
    {
        Searcher searcher = new(database, keys, index, SearchPlan.Of(request));
        await foreach (byte[] match in searcher.RunAsync(context.Caller().AccountId, context.CancellationToken))
        {
            await responses.WriteAsync(new SearchResponse { DicomJson = UnsafeByteOperations.UnsafeWrap(match) }, context.CancellationToken);
        }
    }
}
