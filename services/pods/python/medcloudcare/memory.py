"""Memory limit for hosts where the pod has no cgroup."""
from __future__ import annotations

import os
import signal
import threading

_PAGE = os.sysconf("SC_PAGE_SIZE")
_INTERVAL = 0.2


class MemoryGuard(threading.Thread):
    """Sums the resident memory of the pod's other processes and ends the largest when it is over the limit.

    Address space is never limited: PyTorch and others reserve far more than they use.
    """

    def __init__(self, limit_mib: int) -> None:
        super().__init__(daemon=True)
        self._limit = limit_mib << 20

    def run(self) -> None:
        """Looks a few times a second."""
        pause = threading.Event()
        while not pause.wait(_INTERVAL):
            resident = {pid: size for pid, size in self._resident()}
            if sum(resident.values()) > self._limit:
                try:
                    os.kill(max(resident, key=resident.__getitem__), signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    pass

    def _resident(self):  # type: ignore[no-untyped-def]
        """(pid, resident bytes) of this process's descendants' processes: everything of the same user but the first and this."""
        user = os.getuid()
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) in (1, os.getpid()):
                continue
            try:
                if os.stat(f"/proc/{name}").st_uid != user:
                    continue
                with open(f"/proc/{name}/statm") as file:
                    yield int(name), int(file.read().split()[1]) * _PAGE
            except (OSError, IndexError, ValueError):
                continue
