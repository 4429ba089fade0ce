"""medcloudcare.pod.v1.PodService and grpc.health.v1.Health."""
from __future__ import annotations

import os
import platform
import shutil
import tempfile
import threading
import time
from typing import Any, Callable, Dict, Iterator, List

import grpc

from .application import InferType
from .contract import Contract, health_messages
from .errors import SeriesNotSuitable
from .failures import Failure
from .supervisor import StartFailed, Supervisor
from .turnstile import Turnstile

CHUNK = 64 * 1024
MAX_INSTANCES = 50_000
#: One job is computed while the next one is received.
RECEIVED_AHEAD = 2


class PodService:
    """Receives series into a private directory, has the worker compute, streams the results back."""

    def __init__(self, contract: Contract, supervisor: Supervisor, infer_type: InferType, digest: str, scratch: str,
                 on_loss: Callable[[], None]) -> None:
        self._contract = contract
        self._supervisor = supervisor
        self._infer_type = infer_type
        self._digest = digest
        self._scratch = scratch
        self._on_loss = on_loss
        self._intake = Turnstile(RECEIVED_AHEAD)
        self._compute = Turnstile(1)

    def describe(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What runs here."""
        return self._contract.DescribeResponse(
            runtime=f"Python {platform.python_version()}", infer_type=self._infer_type.value, digest=self._digest)

    def infer(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        """One run of the model."""
        cancelled = threading.Event()
        if not context.add_callback(cancelled.set):
            return
        yield self._progress(0, "waiting")
        if not self._intake.enter(cancelled):
            return
        directory = tempfile.mkdtemp(dir=self._scratch)
        try:
            try:
                start, files = self._receive(requests, directory, context)
            except (OSError, MemoryError) as error:
                yield self._failure(Failure.of(error))
                return
            except SeriesNotSuitable as error:
                yield self._failure(Failure.of(error))
                return
            if not self._compute.enter(cancelled):
                return
            try:
                yield from self._run(start.job, directory, files, cancelled)
            finally:
                self._compute.leave()
        finally:
            shutil.rmtree(directory, ignore_errors=True)
            self._intake.leave()

    def _receive(self, requests: Iterator[Any], directory: str, context: grpc.ServicerContext) -> Any:
        """Writes the instances to files as they arrive; names them by number, never by anything of the patient's."""
        start, files, missing, file = None, [], 0, None
        try:
            for request in requests:
                kind = request.WhichOneof("message")
                if kind == "start" and start is None:
                    start = request.start
                elif kind == "instance" and start is not None and missing == 0 and len(files) < MAX_INSTANCES:
                    if file is not None:
                        file.close()
                    files.append(os.path.join(directory, f"{len(files) + 1:05d}.dcm"))
                    file, missing = open(files[-1], "wb"), request.instance.size
                elif kind == "data" and file is not None and len(request.data) <= missing:
                    file.write(request.data)
                    missing -= len(request.data)
                elif kind == "end" and start is not None and missing == 0 and len(files) == start.instance_count:
                    return start, files
                else:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT,
                                  f"unexpected {kind} after {len(files)} instances with {missing} bytes missing")
        finally:
            if file is not None:
                file.close()
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the stream ended before its end message")

    def _run(self, job: str, directory: str, files: List[str], cancelled: threading.Event) -> Iterator[Any]:
        """The worker's events as responses. If the worker cannot be started again, the pod ends and is replaced."""
        started = time.monotonic()
        try:
            for event in self._supervisor.run(job, directory, files, cancelled):
                if event["event"] == "result":
                    yield self._log(f"computed in {time.monotonic() - started:.2f} s")
                    yield from self._result(directory)
                else:
                    yield self._response(event)
        except StartFailed:
            self._on_loss()

    def _result(self, directory: str) -> Iterator[Any]:
        try:
            with open(os.path.join(directory, "result.pb"), "rb") as file:
                result = self._contract.Result.FromString(file.read(self._contract.max_result_bytes + 1))
        except Exception:  # a model that tampers with its own result gets what it deserves
            yield self._failure(Failure("RESULT_INVALID", "the result cannot be read"))
            return
        yield self._contract.InferResponse(result=result)
        path = os.path.join(directory, "voxels.bin")
        if os.path.exists(path):
            with open(path, "rb") as file:
                while chunk := file.read(CHUNK):
                    yield self._contract.InferResponse(data=chunk)
        yield self._contract.InferResponse(done=self._contract.Done())

    def _response(self, event: Dict[str, Any]) -> Any:
        """A worker's event as a response."""
        if event["event"] == "progress":
            return self._progress(event.get("fraction"), event.get("message"))
        if event["event"] == "log":
            return self._log(event.get("line"))
        return self._failure(Failure(str(event.get("kind")), str(event.get("message")), str(event.get("traceback", ""))))

    def _progress(self, fraction: Any, message: Any) -> Any:
        value = float(fraction) if isinstance(fraction, (int, float)) else 0.0
        value = min(1.0, max(0.0, value)) if value == value else 0.0
        return self._contract.InferResponse(
            progress=self._contract.Progress(fraction=value, message=clean(message, 200)))

    def _log(self, line: Any) -> Any:
        return self._contract.InferResponse(log=self._contract.Log(line=clean(line, 2000)))

    def _failure(self, failure: Failure) -> Any:
        kinds = self._contract.Failure.Kind
        kind = kinds.Value(failure.kind) if failure.kind in kinds.keys() else kinds.Value("MODEL_FAILED")
        return self._contract.InferResponse(failure=self._contract.Failure(
            kind=kind, message=clean(failure.message, 500), traceback=clean(failure.traceback, 16_000)))


def clean(value: Any, limit: int) -> str:
    """A text that protobuf takes: no lone surrogates, bounded."""
    return str(value or "")[:limit].encode("utf-8", "replace").decode("utf-8")


def handlers(service: PodService, contract: Contract, ready: Callable[[], bool]) -> List[grpc.GenericRpcHandler]:
    """The handlers of both services."""
    health = health_messages()

    def check(request: Any, context: grpc.ServicerContext) -> Any:
        if request.service not in ("", "medcloudcare.pod.v1.PodService"):
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health.HealthCheckResponse(status=1 if ready() else 2)

    def watch(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        ended, last = threading.Event(), None
        context.add_callback(ended.set)
        while not ended.is_set():
            if (now := ready()) != last:
                last = now
                yield health.HealthCheckResponse(status=1 if now else 2)
            ended.wait(0.25)

    def reads(kind: Any) -> Dict[str, Any]:
        return {"request_deserializer": kind.FromString, "response_serializer": lambda m: m.SerializeToString()}

    return [
        grpc.method_handlers_generic_handler("medcloudcare.pod.v1.PodService", {
            "Describe": grpc.unary_unary_rpc_method_handler(service.describe, **reads(contract.DescribeRequest)),
            "Infer": grpc.stream_stream_rpc_method_handler(service.infer, **reads(contract.InferRequest)),
        }),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
            "Check": grpc.unary_unary_rpc_method_handler(check, **reads(health.HealthCheckRequest)),
            "Watch": grpc.unary_stream_rpc_method_handler(watch, **reads(health.HealthCheckRequest)),
        }),
    ]
