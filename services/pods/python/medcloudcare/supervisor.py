"""The server's side of the process that runs the model: starts it, watches it, ends it, starts it anew."""
from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from typing import Any, Callable, Dict, Iterator, List, Optional

from .channel import Channel, ChannelBroken
from .failures import Failure

#: Lines of a job that are passed on; the rest is counted only.
MAX_LOG_LINES = 1000


class StartFailed(Exception):
    """The model could not be loaded."""


class Supervisor:
    """Owns the worker process. One job at a time (the caller sees to it)."""

    def __init__(self, command: List[str], contained: bool, keep: str, on_loss: Callable[[], None]) -> None:
        """``on_loss`` is called when the worker ends while it has no job. ``contained``: everything else in this PID namespace
        and in its temporary directories, ``keep`` apart, is the worker's doing and goes with it."""
        self._command = command
        self._keep = keep
        self._contained = contained
        self._on_loss = on_loss
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._channel: Optional[Channel] = None
        self._events: "queue.Queue[Dict[str, Any]]" = queue.Queue()
        self._busy = False
        self.ready = False

    def start(self) -> None:
        """Starts the process and waits until the model is loaded. Raises StartFailed with what the model said."""
        ours, theirs = socket.socketpair()
        self._events = queue.Queue()
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, "--channel", str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self._channel = Channel(ours)
        for target in (self._read_channel, self._read_output, self._await_end):
            threading.Thread(target=target, args=(self._process, self._channel, self._events), daemon=True).start()
        while True:
            event = self._events.get()
            if event["event"] == "ready":
                self.ready = True
                return
            if event["event"] == "failed":
                print(event.get("traceback", ""), file=sys.stderr, flush=True)
                raise StartFailed(str(event.get("message", "")))
            if event["event"] == "end":
                raise StartFailed(Failure.of_exit(event["code"]).message)

    def run(self, job: str, directory: str, files: List[str], cancelled: threading.Event) -> Iterator[Dict[str, Any]]:
        """Events of one job: any number of progress and log, then failure or result.

        A cancelled job, one that went over a limit and one that broke the worker cost the worker its life; the next is
        started before this returns.
        """
        assert self._channel is not None
        self._busy = True
        keep = False
        self._forget_last_job()
        try:
            self._channel.send("job", job=job, directory=directory, files=files)
            for event in self._until_end(cancelled):
                keep = event["event"] == "result" or (
                    event["event"] == "failure" and event.get("kind") != "LIMIT_EXCEEDED" and not event.get("lost"))
                yield event
        except (OSError, ValueError):
            yield _failure(Failure("MODEL_FAILED", "the model's process cannot be reached"))
        finally:
            self._busy = False
            if not keep:
                self.restart()

    def restart(self) -> None:
        """Ends the worker and everything it started, and starts another."""
        self.stop()
        if self._contained:
            self._wipe()
        self.start()

    def stop(self) -> None:
        """Ends the worker and everything it started, at once."""
        self.ready = False
        process, channel = self._process, self._channel
        if process is None or channel is None:
            return
        # A model's children may have left its process group; within the pod's own PID namespace one call reaches all.
        for kill in ((lambda: os.kill(-1, signal.SIGKILL)) if self._contained else (lambda: os.killpg(process.pid, signal.SIGKILL)),
                     process.kill):
            try:
                kill()
            except (ProcessLookupError, PermissionError):
                pass
        process.wait()
        channel.close()
        self._process = self._channel = None

    def _wipe(self) -> None:
        """Removes what the worker left in the pod's temporary directories; only the server's own stays."""
        for directory in ("/tmp", "/dev/shm"):
            for entry in os.scandir(directory):
                if entry.path == self._keep:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)

    def _forget_last_job(self) -> None:
        """Drops what the worker still said after its last job had ended."""
        try:
            while True:
                if self._events.get_nowait()["event"] == "end":
                    self._events.put({"event": "broken"})
                    return
        except queue.Empty:
            pass

    def _until_end(self, cancelled: threading.Event) -> Iterator[Dict[str, Any]]:
        """The events up to the first that ends the job; none further once it is cancelled."""
        lines = 0
        while not cancelled.is_set():
            try:
                event = self._events.get(timeout=0.1)
            except queue.Empty:
                continue
            kind = event["event"]
            if kind == "log":
                lines += 1
                if lines > MAX_LOG_LINES:
                    continue
            if kind == "end":
                event = _lost(Failure.of_exit(event["code"]))
            elif kind == "broken":
                event = _lost(Failure("MODEL_FAILED", "the model's process sent something that is not a message"))
            if event["event"] in ("progress", "log", "failure", "result"):
                yield event
            if event["event"] in ("failure", "result"):
                return

    def _read_channel(self, process: "subprocess.Popen[bytes]", channel: Channel, events: "queue.Queue[Dict[str, Any]]") -> None:
        try:
            while True:
                message = channel.receive()
                if message is None:
                    return
                if message["event"] == "log":
                    self._log(str(message.get("line", "")), events)
                elif message["event"] == "progress":
                    self._offer(message, events)
                elif message["event"] != "end":
                    events.put(message)
        except (ChannelBroken, OSError, ValueError):
            events.put({"event": "broken"})

    def _read_output(self, process: "subprocess.Popen[bytes]", channel: Channel, events: "queue.Queue[Dict[str, Any]]") -> None:
        """What native code and children of the model print."""
        assert process.stdout is not None
        for raw in iter(lambda: process.stdout.readline(2000), b""):
            self._log(raw.decode("utf-8", "replace").rstrip("\r\n"), events)

    def _log(self, line: str, events: "queue.Queue[Dict[str, Any]]") -> None:
        """A line goes to the pod's log, and to the job during which it was printed."""
        print(line[:2000], file=sys.stderr, flush=True)
        if self._busy:
            self._offer({"event": "log", "line": line}, events)

    def _offer(self, event: Dict[str, Any], events: "queue.Queue[Dict[str, Any]]") -> None:
        """Passes an event on unless the job is flooded with them."""
        if events.qsize() < MAX_LOG_LINES:
            events.put(event)

    def _await_end(self, process: "subprocess.Popen[bytes]", channel: Channel, events: "queue.Queue[Dict[str, Any]]") -> None:
        code = process.wait()
        events.put({"event": "end", "code": code})
        if self.ready and not self._busy and self._process is process:
            print(f"the model ended while it had no job: {Failure.of_exit(code).message}", file=sys.stderr, flush=True)
            self._on_loss()


def _lost(failure: Failure) -> Dict[str, Any]:
    """The failure of a job whose worker cannot be used any further."""
    return {"event": "failure", "kind": failure.kind, "message": failure.message, "traceback": failure.traceback, "lost": True}
