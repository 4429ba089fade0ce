"""Messages between the server and the process that runs the model: one JSON object a line over a socket pair.

JSON, not pickle: the server must not execute what a model sends.
"""
from __future__ import annotations

import json
import socket
import threading
from typing import Any, Dict, Optional

#: Longest line that is accepted; a traceback of 16,000 characters fits several times.
MAX_LINE = 256 * 1024


class ChannelBroken(Exception):
    """The other side sent something that is not a message."""


class Channel:
    """One end of the socket pair. Sending is thread safe; receiving is for one thread."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lines = sock.makefile("rb")
        self._lock = threading.Lock()

    def send(self, event: str, **values: Any) -> None:
        """Sends one message."""
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        with self._lock:
            self._socket.sendall(line)

    def receive(self) -> Optional[Dict[str, Any]]:
        """The next message; None when the other side has closed."""
        line = self._lines.readline(MAX_LINE)
        if not line:
            return None
        try:
            message = json.loads(line)
        except ValueError:
            raise ChannelBroken("not a JSON line") from None
        if not isinstance(message, dict) or not isinstance(message.get("event"), str):
            raise ChannelBroken("not a message")
        return message

    def close(self) -> None:
        """Closes this end; a receiver on either side ends."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
