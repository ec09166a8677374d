"""What a run shows while it works: a line for each thing that ends, and below them what is at work just now."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

#: Seconds after which a silent run says what it is at, where there is no terminal; between two looks where there is one.
_SILENT, _LOOK = 20.0, 1.0
#: Lines of a terminal that are left to what has ended.
_LEFT = 6


@dataclass(frozen=True)
class AtWork:
    """A run that goes on: its DAG, its task (empty while it waits for a free place), and since when (epoch, s)."""

    dag_id: str
    task: str
    since: float


class Progress:
    """Shows lines. On a terminal what is at work moves below them; elsewhere a long silence is broken by a plain line.

    A context manager; calling it shows a line.
    """

    def __init__(self, is_terminal: bool | None = None) -> None:
        self._is_terminal = sys.stdout.isatty() if is_terminal is None else is_terminal
        self._working: tuple[AtWork, ...] = ()
        self._waiting = 0
        self._looked = self._said = time.monotonic()
        self._console: Any = None
        self._live: Any = None

    def __enter__(self) -> Self:
        if self._is_terminal:
            from rich.console import Console
            from rich.live import Live

            self._console = Console(highlight=False)
            # it draws itself anew, so that seconds move while nobody asks
            self._live = Live(get_renderable=self._drawn, console=self._console, transient=True, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def __call__(self, line: str) -> None:
        """Show that something has ended."""
        self._said = time.monotonic()
        if self._console:
            self._console.print(line, style="red" if " FAILED " in line else None, markup=False)
        else:
            print(line, flush=True)

    @property
    def due(self) -> bool:
        """Whether it is time to ask what is at work: that costs a question to Airflow."""
        now = time.monotonic()
        if self._is_terminal:
            return now - self._looked >= _LOOK
        return now - self._said >= _SILENT

    def at_work(self, working: Sequence[AtWork], waiting: int = 0) -> None:
        """Show what is at work, and how many runs wait for their turn."""
        self._working, self._waiting, self._looked = tuple(working), waiting, time.monotonic()
        if not self._is_terminal and self.due and working:
            # only what a task is at work on is named: the rest would repeat itself in every line
            busy = [f"{one.dag_id} {one.task} {_seconds(one)}" for one in working if one.task]
            waiting += len(working) - len(busy)
            self("… at work: " + (", ".join(busy) or "none just now") + (f"; {waiting} wait" if waiting else ""))

    def _drawn(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table

        grid = Table.grid(padding=(0, 1))
        room = max(3, self._console.height - _LEFT)
        for one in self._working[:room]:
            task = one.task or "waits for a free place"
            grid.add_row(Spinner("dots", style="cyan"), one.dag_id, task, f"{_seconds(one):>6}")
        more = len(self._working[room:]) + self._waiting
        if more:
            grid.add_row("", f"and {more} more wait for their turn", "", "")
        return grid


def _seconds(one: AtWork) -> str:
    return f"{max(0.0, time.time() - one.since):.0f} s"
