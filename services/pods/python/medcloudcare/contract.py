"""Message classes of pod.proto and of grpc.health.v1, made at run time from a descriptor set.

The descriptor set (``pod.binpb``) is what ``protoc --descriptor_set_out`` writes, or what the model service takes from its own
generated code: so the messages do not depend on which protoc is installed where.
"""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

#: Bound on a Result message; its voxels are streamed beside it. gRPC receives 4 MiB by default.
MAX_RESULT_BYTES = 3 << 20

_FIELD = descriptor_pb2.FieldDescriptorProto


class Contract:
    """The messages by their short names (``contract.InferRequest``), nested ones as in ``contract.Failure.MODEL_FAILED``."""

    max_result_bytes = MAX_RESULT_BYTES

    def __init__(self, descriptor_set: str) -> None:
        pool = descriptor_pool.DescriptorPool()
        with open(descriptor_set, "rb") as file:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
        for proto in files:
            pool.Add(proto)
        factory = message_factory.MessageFactory(pool)
        for descriptor in pool.FindFileByName("medcloudcare/pod/v1/pod.proto").message_types_by_name.values():
            message = factory.GetPrototype(descriptor)
            for nested in descriptor.nested_types:
                setattr(message, nested.name, factory.GetPrototype(nested))
            setattr(self, descriptor.name, message)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"pod.proto has no message {name}")


def health_messages() -> SimpleNamespace:
    """HealthCheckRequest and HealthCheckResponse of grpc.health.v1."""
    proto = descriptor_pb2.FileDescriptorProto(name="grpc/health/v1/health.proto", package="grpc.health.v1", syntax="proto3")
    request = proto.message_type.add(name="HealthCheckRequest")
    request.field.add(name="service", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    response = proto.message_type.add(name="HealthCheckResponse")
    status = response.enum_type.add(name="ServingStatus")
    for number, name in enumerate(("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")):
        status.value.add(name=name, number=number)
    response.field.add(name="status", number=1, type=_FIELD.TYPE_ENUM, label=_FIELD.LABEL_OPTIONAL,
                       type_name=".grpc.health.v1.HealthCheckResponse.ServingStatus")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    factory = message_factory.MessageFactory(pool)
    messages = pool.FindFileByName(proto.name).message_types_by_name
    return SimpleNamespace(**{name: factory.GetPrototype(descriptor) for name, descriptor in messages.items()})
