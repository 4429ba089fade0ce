using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Platform.Access;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task Search(SearchRequest request, IServerStreamWriter<SearchResponse> responses, ServerCallContext context)
    {
        SearchPlan plan = SearchPlan.Of(request);
        Searcher searcher = new(database, keys, index, plan);
        ChunkSender<SearchResponse> sender = new(responses);
        bool any = false;
        await foreach (byte[] match in searcher.RunAsync(context.Caller().AccountId, context.CancellationToken))
        {
            SearchResponse response = new() { DicomJson = UnsafeByteOperations.UnsafeWrap(match) };
            if (!any && searcher.Total is { } total)
            {
                response.Remaining = Math.Max(0, total - plan.Offset - plan.Limit);
            }

            any = true;
            await sender.WriteAsync(response, match.Length, context.CancellationToken);
        }

        if (searcher.HasMore)
        {
            await responses.WriteAsync(new SearchResponse { More = true }, context.CancellationToken);
        }
    }
}
