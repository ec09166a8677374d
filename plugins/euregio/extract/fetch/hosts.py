"""Manners towards a publisher's host: so many requests at once, so much time between two. Shared by one process;
between processes Airflow's pools do it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class _Host:
    changed: threading.Condition = field(default_factory=threading.Condition)
    active: int = 0
    last_start: float = float("-inf")


_hosts: dict[str, _Host] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def turn(host: str, max_concurrent: int, min_interval_seconds: float) -> Iterator[None]:
    """Wait for a turn at this host (`name:port`), and hold it for the length of the block.

    Each caller brings its own limits: it starts when fewer than `max_concurrent` others run and the last start, of
    whomever, is `min_interval_seconds` ago.
    """
    with _lock:
        state = _hosts.setdefault(host, _Host())
    with state.changed:
        while True:
            wait = state.last_start + min_interval_seconds - time.monotonic()
            if state.active < max_concurrent and wait <= 0:
                break
            state.changed.wait(wait if wait > 0 else None)
        state.active += 1
        state.last_start = time.monotonic()
    try:
        yield
    finally:
        with state.changed:
            state.active -= 1
            state.changed.notify_all()


def _forget() -> None:
    """A forked child begins anew: the locks it inherited may be held by threads that it has not."""
    global _lock
    _lock = threading.Lock()
    _hosts.clear()


os.register_at_fork(after_in_child=_forget)
