"""Writers that race for the layer, each in a process of its own: for the tests of every catalogue."""

from __future__ import annotations

import multiprocessing

from euregio.settings import Settings
from euregio.storage.layer import open_layer, retried, transaction

WRITERS, ROWS = 3, 3


def _write_some(settings: Settings, number: int) -> None:
    with open_layer(settings, read_only=False) as con:
        for row in range(ROWS):

            def write(row: int = row) -> None:
                with transaction(con, f"writer {number}", "race", {}):
                    con.execute(f"INSERT INTO core.population (nuts_code, reference_year) VALUES ('W{number}', {row})")

            retried(write)


def race(settings: Settings) -> None:
    """Let the writers race on the layer of `settings`; every one must end well, and no row may be lost."""
    with open_layer(settings, read_only=False):
        pass
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_some, args=(settings, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    with open_layer(settings) as con:
        found = con.execute("SELECT nuts_code, count(*) FROM core.population GROUP BY 1 ORDER BY 1").fetchall()
    assert found == [(f"W{number}", ROWS) for number in range(WRITERS)]
