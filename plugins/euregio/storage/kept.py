"""The layer for many short looks: one read-only connection is kept open between them, for opening costs a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from euregio.settings import Settings
from euregio.storage.layer import open_layer
from euregio.storage.words import telling_no_login

#: Opened anew after so long, whatever happens: what it holds in memory does not grow for ever.
LONGEST_S = 600.0


@dataclass
class _Kept:
    """An open layer, who looks into it, and whether it is to be closed when nobody does any more."""

    key: tuple[object, ...]
    con: duckdb.DuckDBPyConnection
    opened: ExitStack
    since: float = field(default_factory=time.monotonic)
    users: int = 0
    retired: bool = False


class KeptLayer:
    """Keeps one layer open; safe for threads. Each look is a connection of its own and sees the newest snapshot.

    It is opened anew where the settings are others, where the catalogue's file is another one (a restored back-up), where
    it does not answer any more, and after LONGEST_S. A catalogue in a DuckDB file is never kept: it would be locked for
    writers meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    @contextmanager
    def look(self, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection on which the layer is the current database, named `lake`. Raises what open_layer raises."""
        kind, _, place = settings.layer_catalogue.partition(":")
        with telling_no_login(kind, place):
            if kind == "duckdb":
                with open_layer(settings) as con:
                    yield con
                return
            with self._look(settings) as con:
                yield con

    @contextmanager
    def _look(self, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
        kept = self._taken(settings)
        try:
            with kept.con.cursor() as con:
                try:
                    _begin(con)
                except duckdb.Error:  # the catalogue's server was started again since
                    self._drop(kept)
                    kept = self._replaced(kept, settings)
                    with kept.con.cursor() as again:
                        _begin(again)
                        yield again
                    return
                yield con
        finally:
            self._left(kept)

    def close(self) -> None:
        """Close what is kept, when nobody looks into it any more."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept:
            self._retire(kept)

    def _taken(self, settings: Settings) -> _Kept:
        key, old = _key(settings), None
        with self._lock:
            if self._kept and (self._kept.key != key or time.monotonic() - self._kept.since > LONGEST_S):
                old, self._kept = self._kept, None
            if self._kept is None:
                opened = ExitStack()
                try:
                    self._kept = _Kept(key, opened.enter_context(open_layer(settings)), opened)
                finally:
                    if old:
                        old.retired = True
                        self._close_unused(old)
            self._kept.users += 1
            return self._kept

    def _replaced(self, kept: _Kept, settings: Settings) -> _Kept:
        fresh = self._taken(settings)
        self._left(kept)
        return fresh

    def _drop(self, kept: _Kept) -> None:
        with self._lock:
            kept.retired = True
            if self._kept is kept:
                self._kept = None

    def _left(self, kept: _Kept) -> None:
        with self._lock:
            kept.users -= 1
            self._close_unused(kept)

    def _retire(self, kept: _Kept) -> None:
        with self._lock:
            kept.retired = True
            self._close_unused(kept)

    @staticmethod
    def _close_unused(kept: _Kept) -> None:
        if kept.retired and kept.users == 0:
            with suppress(duckdb.Error):
                kept.opened.close()


def _begin(con: duckdb.DuckDBPyConnection) -> None:
    """What a connection of its own does not inherit; the last statement asks the catalogue, so that a dead one is noticed."""
    con.execute("SET TimeZone = 'UTC'")
    con.execute("USE lake")
    con.execute("FROM lake.current_snapshot()").fetchall()


def _key(settings: Settings) -> tuple[object, ...]:
    kind, _, place = settings.layer_catalogue.partition(":")
    file: tuple[int, int] | None = None
    if kind == "sqlite":
        with suppress(OSError):
            found = Path(place).stat()
            file = (found.st_dev, found.st_ino)
    store = tuple(sorted(settings.s3_options.items()))
    return settings.layer_catalogue, settings.layer_data, settings.memory_limit, settings.threads, store, file
