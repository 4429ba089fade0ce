"""The pod's server: ``python3 -m medcloudcare.server --socket PATH --package DIR --infer-type TYPE --contract FILE``.

Exit codes: 0 after SIGTERM, 2 wrong arguments, 3 the model could not be loaded, 4 the model was lost.
"""
from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List

import grpc

from .application import InferType
from .contract import Contract
from .memory import MemoryGuard
from .service import PodService, handlers
from .supervisor import StartFailed, Supervisor

#: Calls that may wait at the same time, and threads for health checks beside them.
MAX_CALLS = 28
THREADS = 32
LARGEST_CONTAINED_PID = 15
SEAL_SECONDS = 30
_PR_SET_DUMPABLE = 4


def main() -> int:
    """Serves until SIGTERM."""
    options = _arguments()
    # The model's process has the same user: it must not read the server's memory.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    ended = threading.Event()
    lost = threading.Event()

    def on_loss() -> None:
        lost.set()
        ended.set()

    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    command = [sys.executable, *_flags(), "-m", "medcloudcare.worker", "--contract", options.contract, "--package", options.package,
               "--infer-type", options.infer_type.value]
    # kill(-1) and the memory guard are for a pod's own PID namespace, where the server has a small number. No host process
    # that anybody starts does: a wrong --contained cannot reach beyond the pod.
    contained = options.contained and os.getpid() <= LARGEST_CONTAINED_PID
    contract = Contract(options.contract)
    with tempfile.TemporaryDirectory(prefix="pod-") as scratch:
        supervisor = Supervisor(command, contained, scratch, on_loss)
        service = PodService(contract, supervisor, options.infer_type, options.digest, scratch, on_loss)
        server = _serve(options.socket, service, contract, lambda: supervisor.ready and not ended.is_set())
        if options.memory_mib and contained:
            MemoryGuard(options.memory_mib).start()
        try:
            if options.await_seal:
                _await_seal(os.path.dirname(options.socket))
            supervisor.start()
            ended.wait()
        except StartFailed as failure:
            print(f"the model could not be loaded: {failure}", file=sys.stderr, flush=True)
            server.stop(0)
            return 3
        server.stop(0 if lost.is_set() else options.drain).wait()
        supervisor.stop()
    return 4 if lost.is_set() else 0


def _serve(socket: str, service: PodService, contract: Contract, ready: Callable[[], bool]) -> grpc.Server:
    """Starts the server with all its threads, so that a model that takes every process cannot keep them from starting."""
    pool = ThreadPoolExecutor(THREADS)
    everybody = threading.Barrier(THREADS)
    for _ in range(THREADS):
        pool.submit(everybody.wait)
    server = grpc.server(pool, maximum_concurrent_rpcs=MAX_CALLS, options=[
        ("grpc.max_receive_message_length", 1 << 20), ("grpc.so_reuseport", 0),
        # Watchers ping on idle streams to find out whether the pod still lives; by default that ends their connection.
        ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_ping_strikes", 0)])
    server.add_generic_rpc_handlers(handlers(service, contract, ready))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    return server


def _await_seal(directory: str) -> None:
    """Waits until the socket's directory has been taken from this user: no code of the model's runs before."""
    deadline = time.monotonic() + SEAL_SECONDS
    while os.access(directory, os.W_OK):
        if time.monotonic() > deadline:
            raise StartFailed("the directory of the pod's socket stays writable")
        time.sleep(0.01)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="medcloudcare.server")
    parser.add_argument("--socket", required=True, help="path of the Unix socket to listen on")
    parser.add_argument("--package", required=True, help="directory with main.py")
    parser.add_argument("--infer-type", type=InferType, required=True, choices=list(InferType), metavar="TYPE")
    parser.add_argument("--contract", required=True, help="descriptor set of pod.proto")
    parser.add_argument("--digest", default="", help="digest of the package, for Describe")
    parser.add_argument("--contained", action="store_true", help="the pod has a PID namespace of its own")
    parser.add_argument("--await-seal", action="store_true", help="load the model only once the socket's directory is read-only")
    parser.add_argument("--memory-mib", type=int, default=0, help="end the model beyond this much; for hosts without cgroups")
    parser.add_argument("--drain", type=float, default=30, help="seconds that running jobs get after SIGTERM")
    options = parser.parse_args()
    if not os.path.isdir(options.package):
        parser.error(f"{options.package} is not a directory")
    return options


def _flags() -> List[str]:
    """The flags of this interpreter that the worker needs as well."""
    return ["-s", "-B"]


if __name__ == "__main__":
    sys.exit(main())
