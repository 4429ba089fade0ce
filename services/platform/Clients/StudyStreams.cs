using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Platform.Clients;

/// <summary>
/// The RPCs of the study service that stream bytes, as chunks in pooled buffers. Errors, retries and deadlines are those of the
/// generated client.
/// </summary>
public sealed class StudyStreams(CallInvoker invoker)
{
    private static readonly Method<RetrieveStudyRequest, Chunk<RetrieveInstancesResponse>> Study =
        MethodOf(nameof(RetrieveStudy), RetrieveStudyRequest.Parser, RetrieveInstancesResponse.Parser);

    private static readonly Method<RetrieveSeriesRequest, Chunk<RetrieveInstancesResponse>> Series =
        MethodOf(nameof(RetrieveSeries), RetrieveSeriesRequest.Parser, RetrieveInstancesResponse.Parser);

    private static readonly Method<RetrieveInstanceRequest, Chunk<RetrieveInstancesResponse>> Instance =
        MethodOf(nameof(RetrieveInstance), RetrieveInstanceRequest.Parser, RetrieveInstancesResponse.Parser);

    private static readonly Method<RetrieveFramesRequest, Chunk<RetrieveFramesResponse>> Frames =
        MethodOf(nameof(RetrieveFrames), RetrieveFramesRequest.Parser, RetrieveFramesResponse.Parser);

    private static readonly Method<RetrieveBulkDataRequest, Chunk<RetrieveBulkDataResponse>> BulkData =
        MethodOf(nameof(RetrieveBulkData), RetrieveBulkDataRequest.Parser, RetrieveBulkDataResponse.Parser);

    /// <inheritdoc cref="StudyService.StudyServiceClient.RetrieveStudy(RetrieveStudyRequest, CallOptions)"/>
    public AsyncServerStreamingCall<Chunk<RetrieveInstancesResponse>> RetrieveStudy(RetrieveStudyRequest request, CallOptions options) =>
        invoker.AsyncServerStreamingCall(Study, null, options, request);

    /// <inheritdoc cref="StudyService.StudyServiceClient.RetrieveSeries(RetrieveSeriesRequest, CallOptions)"/>
    public AsyncServerStreamingCall<Chunk<RetrieveInstancesResponse>> RetrieveSeries(RetrieveSeriesRequest request, CallOptions options) =>
        invoker.AsyncServerStreamingCall(Series, null, options, request);

    /// <inheritdoc cref="StudyService.StudyServiceClient.RetrieveInstance(RetrieveInstanceRequest, CallOptions)"/>
    public AsyncServerStreamingCall<Chunk<RetrieveInstancesResponse>> RetrieveInstance(RetrieveInstanceRequest request, CallOptions options) =>
        invoker.AsyncServerStreamingCall(Instance, null, options, request);

    /// <inheritdoc cref="StudyService.StudyServiceClient.RetrieveFrames(RetrieveFramesRequest, CallOptions)"/>
    public AsyncServerStreamingCall<Chunk<RetrieveFramesResponse>> RetrieveFrames(RetrieveFramesRequest request, CallOptions options) =>
        invoker.AsyncServerStreamingCall(Frames, null, options, request);

    /// <inheritdoc cref="StudyService.StudyServiceClient.RetrieveBulkData(RetrieveBulkDataRequest, CallOptions)"/>
    public AsyncServerStreamingCall<Chunk<RetrieveBulkDataResponse>> RetrieveBulkData(RetrieveBulkDataRequest request, CallOptions options) =>
        invoker.AsyncServerStreamingCall(BulkData, null, options, request);

    private static Method<TRequest, Chunk<TResponse>> MethodOf<TRequest, TResponse>(string name, MessageParser<TRequest> request, MessageParser<TResponse> response)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() => new(
            MethodType.ServerStreaming,
            StudyService.Descriptor.FullName,
            name,
            Marshallers.Create(message => message.ToByteArray(), request.ParseFrom),
            Chunk<TResponse>.Marshaller(response, new TResponse().Descriptor.FindFieldByName("data")));
}
