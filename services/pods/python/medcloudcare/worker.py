"""The process that runs the model. Started by the server; ends with it.

Everything that may crash, leak or hang lives here: the model's code, decoding of pixels, native libraries.
"""
from __future__ import annotations

import argparse
import ctypes
import io
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from typing import Any, Dict

from .application import Application, InferType
from .channel import Channel
from .contract import Contract
from .errors import ResultInvalid
from .failures import Failure
from .loading import load_application
from .series import Series
from .task import InferTask
from .wire import encode

_PR_SET_PDEATHSIG = 1


class Worker:
    """Runs one job after another."""

    def __init__(self, channel: Channel, contract: Contract, application: Application, infer_type: InferType, package: str) -> None:
        self._channel = channel
        self._contract = contract
        self._application = application
        self._infer_type = infer_type
        self._package = package
        self._cancelled = threading.Event()

    def serve(self) -> None:
        """Takes jobs until the server closes the channel."""
        while True:
            message = self._channel.receive()
            if message is None:
                return
            if message["event"] == "job":
                self._run(message)

    def _run(self, message: Dict[str, Any]) -> None:
        """One job; its result lies in ``result.pb`` and ``voxels.bin`` of the job's directory."""
        directory = message["directory"]
        try:
            series = Series(message["files"])
            task = InferTask(message["job"], series, self._package, self._progress, self._log, self._cancelled.is_set)
            result = self._application.run(task)
            encoded, voxels = encode(self._contract, self._infer_type, result, series)
            if voxels is not None:
                voxels.tofile(os.path.join(directory, "voxels.bin"))
            data = encoded.SerializeToString()
            if len(data) > self._contract.max_result_bytes:
                raise ResultInvalid(f"the result has {len(data)} bytes besides its voxels; it is too large")
            with open(os.path.join(directory, "result.pb"), "wb") as file:
                file.write(data)
        except BaseException as error:  # whatever the model raises, SystemExit included, is the job's failure
            failure = Failure.of(error)
            self._channel.send("failure", kind=failure.kind, message=failure.message, traceback=failure.traceback)
            return
        self._channel.send("result")

    def _progress(self, fraction: float, message: str) -> None:
        self._channel.send("progress", fraction=fraction, message=message)

    def _log(self, line: str) -> None:
        self._channel.send("log", line=line[:2000])


class Printed(io.TextIOBase):
    """Standard output of the model: whole lines go to the server as log, in order with everything else."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > 2000:
            lines.append(self._rest)
            self._rest = ""
        for line in lines:
            self._channel.send("log", line=line[:2000])
        return len(text)


def main() -> int:
    """Loads the model, says so, and serves."""
    parser = argparse.ArgumentParser(prog="medcloudcare.worker")
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--contract", required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--infer-type", type=InferType, required=True)
    options = parser.parse_args()
    _settle()
    channel = Channel(socket.socket(fileno=options.channel))
    sys.stdout = sys.stderr = Printed(channel)
    try:
        application = load_application(options.package, options.infer_type)
    except BaseException as error:
        failure = Failure.of(error)
        channel.send("failed", message=failure.message, traceback=failure.traceback)
        return 3
    channel.send("ready")
    Worker(channel, Contract(options.contract), application, options.infer_type, options.package).serve()
    return 0


def _settle() -> None:
    """Ends with the server, is the first to go when memory runs out, and keeps patient data out of the log."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass
    # pydicom quotes values of the data set in its warnings.
    warnings.filterwarnings("ignore", module="pydicom")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    sys.exit(main())
