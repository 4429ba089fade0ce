"""Lets a number of jobs through at a time, in the order of their arrival."""
from __future__ import annotations

import collections
import threading
from typing import Deque


class Turnstile:
    """A fair semaphore whose waiters can give up."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: Deque[object] = collections.deque()
        self._changed = threading.Condition()

    def enter(self, cancelled: threading.Event) -> bool:
        """Waits for a place; False if the waiter was cancelled first."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            while not cancelled.is_set():
                if self._free and self._waiting[0] is ticket:
                    self._waiting.popleft()
                    self._free -= 1
                    self._changed.notify_all()
                    return True
                self._changed.wait(0.25)
            self._waiting.remove(ticket)
            self._changed.notify_all()
            return False

    def leave(self) -> None:
        """Gives the place back."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()
