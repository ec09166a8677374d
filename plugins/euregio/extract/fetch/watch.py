"""A limit on the whole of one request: when it passes, the socket is shut, so that no slow drip can hold a task."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx


class Watch:
    """Watches the connection in use. Time-outs of single reads do not bound a server that sends a byte now and then."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._ends = float("inf")
        self.expired = False

    @contextlib.contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """For the length of the block, end whatever takes longer than `seconds`."""
        self.expired, self._ends = False, time.monotonic() + seconds
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # else a late end could hit the next attempt

    def follow(self, connection: socket.socket | None) -> None:
        """This socket is now the one in use."""
        self._socket = connection
        self.check()

    def check(self) -> None:
        """Raise a time-out if the limit has passed."""
        if self.expired or time.monotonic() > self._ends:
            self.expired = True
            raise httpx.ReadTimeout("the attempt took too long")

    def _end(self) -> None:
        self.expired = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # The plain socket's shutdown: ssl's own would pull the state from under the reading thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
