"""A process that releases one row and dies at a named point: `python -m tests.release.kill HOME POINT NUMBER`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.release.rows import dataset, origin, point, rows_file, settings_in

from euregio.release import write
from euregio.storage import layer

POINTS = ("before_begin", "after_delete", "after_insert", "before_commit", "after_commit")


def die() -> None:
    """The way a machine that loses its power ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function: Callable[..., Any], *, first: bool = False) -> Callable[..., Any]:
    """The function, after which (or before which) the process dies."""

    def wrapped(*given: Any, **named: Any) -> Any:
        if not first:
            function(*given, **named)
        die()

    return wrapped


class Connection:
    """A connection that dies before COMMIT."""

    def __init__(self, con: Any) -> None:
        self._con = con

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, sql: str) -> Any:
        """Run it, unless it is the end of the transaction."""
        if sql == "COMMIT":
            die()
        return self._con.execute(sql)


def main(home: str, where: str, number: str) -> None:
    """Release the row `number`, die at `where`."""
    settings = settings_in(Path(home))
    rows = rows_file(Path(home) / f"rows-{number}", [point(int(number))])
    with layer.open_layer(settings, read_only=False) as con:
        if where == "before_begin":
            write.transaction = dying(write.transaction, first=True)
        elif where == "after_delete":
            write.clear_period = dying(write.clear_period)
        elif where == "after_insert":
            write._note_quality = dying(write._note_quality)
        elif where == "after_commit":
            write._true_snapshot = dying(write._true_snapshot, first=True)
        write.release(
            Connection(con) if where == "before_commit" else con,
            dataset(),
            [rows],
            origin(f"run-{number}", f"b{number}"),
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
