"""Exceptions as the kinds of ``medcloudcare.pod.v1.Failure``."""
from __future__ import annotations

import errno
import signal
import traceback
from dataclasses import dataclass

from .errors import ResultInvalid, SeriesNotSuitable

MAX_MESSAGE = 500
MAX_TRACEBACK = 16_000

#: What the kernel answers when memory, processes, descriptors or disk have run out.
_EXHAUSTED = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.EFBIG}


@dataclass(frozen=True)
class Failure:
    """One failure: the name of its kind, a message for the user, a traceback for the researcher."""

    kind: str
    message: str
    traceback: str = ""

    @staticmethod
    def of(error: BaseException) -> "Failure":
        """The failure that an exception of the model's code means."""
        text = str(error).strip()
        name = type(error).__name__
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-MAX_TRACEBACK:]
        if isinstance(error, (SeriesNotSuitable, ResultInvalid)):
            kind = "SERIES_NOT_SUITABLE" if isinstance(error, SeriesNotSuitable) else "RESULT_INVALID"
            return Failure(kind, text[:MAX_MESSAGE], trace)
        kind = "LIMIT_EXCEEDED" if _exhausted(error) else "MODEL_FAILED"
        return Failure(kind, (f"{name}: {text}" if text else name)[:MAX_MESSAGE], trace)

    @staticmethod
    def of_exit(code: int) -> "Failure":
        """The failure that the end of the model's process means; ``code`` as of ``subprocess.Popen.returncode``."""
        if code == -signal.SIGKILL:
            return Failure("LIMIT_EXCEEDED", "the model's process was killed, most likely because its memory ran out")
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return Failure("MODEL_FAILED", f"the model's process was ended by {name}")
        return Failure("MODEL_FAILED", f"the model's process ended by itself with exit code {code}")


def _exhausted(error: BaseException) -> bool:
    """Whether a limit of the pod is the cause."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return True
    return isinstance(error, OSError) and error.errno in _EXHAUSTED
