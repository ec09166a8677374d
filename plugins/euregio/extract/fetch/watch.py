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

    def follow(self, connection: socket.socket) -> None:
        """This socket is now the one in use."""
        self.let_go()
        # A handle of our own: TLS takes the socket object over, and its state must not be pulled from under its thread.
        self._socket = connection.dup()
        self.check()

    def let_go(self) -> None:
        """The connection is no longer in use."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def check(self) -> None:
        """Raise a time-out if the limit has passed."""
        if self.expired or time.monotonic() > self._ends:
            self.expired = True
            raise httpx.ReadTimeout("the attempt took too long")

    def _end(self) -> None:
        self.expired = True
        held = self._socket  # the thread that we watch may let go of it meanwhile
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
