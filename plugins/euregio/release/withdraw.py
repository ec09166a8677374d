"""What crossed under a policy of before and may not under today's: it leaves the layer, and the catalogue says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import Table, load_table
from euregio.release.condition import columns_asked
from euregio.release.gate import NAMES, derived_passage, passage
from euregio.release.write import DERIVED, EXTRAS, WITHDRAWN
from euregio.storage.duck import identifier, quoted
from euregio.storage.layer import retried, transaction

_COARSER = "its grain is coarser by now; `euregio replay` releases again what may cross today"
_NARROWER = "release.rows is narrower by now; `euregio replay` releases again what may cross today"


@dataclass
class Withdrawn:
    """What left the layer: `tables` that changed, and a line for each dataset, table and reason."""

    tables: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)


def withdraw(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> Withdrawn:
    """Take from the layer (`con` from storage.layer.open_layer, for writing) what the dataset's policy of today keeps back.

    A release replaces its own period only; this looks at all of them. Of a table of which nothing may cross any more
    all rows go; so do those of a period that holds a place or a name finer than the grain, or a row beyond
    `release.rows` (where its columns cross: of others the layer cannot tell). A column that may not cross becomes null.
    Snapshots of before keep what they held. Raises ReleaseError for a policy that cannot be understood.
    """
    done = Withdrawn()

    def work() -> None:
        done.tables, done.lines = set(), []
        names = con.execute(
            f"SELECT DISTINCT table_name FROM catalogue.release WHERE dataset = {quoted(dataset.id)} AND released_count > 0 ORDER BY 1"
        ).fetchall()
        todo = [statement for (name,) in names for statement in _due(con, dataset, load_table(name), done)]
        if not todo:
            return
        facts = {"dataset": dataset.id, "withdrawn": sorted(done.tables)}
        with transaction(con, "upkeep", f"withdraw what the policy of {dataset.id} keeps back by now", facts):
            for statement in todo:
                con.execute(statement)

    retried(work)
    return done


def _due(con: duckdb.DuckDBPyConnection, dataset: Dataset, table: Table, done: Withdrawn) -> Iterator[str]:
    """The statements that bring the dataset's rows of a table, and of those derived from it, to today's policy."""
    through = passage(dataset, table, EXTRAS.get(table.name))
    derived = [load_table(name) for name in DERIVED.get(table.name, ())]
    if through.barrier:
        yield from _taken(con, dataset, table, derived, "true", through.barrier, done)
        return
    mine = f"_dataset = {quoted(dataset.id)}"
    if dataset.release and dataset.release.grain == "nuts3":
        names = [column.name for column in table.columns if column.name in NAMES and column.required]
        if names:
            finer = " OR ".join(f"NOT starts_with({identifier(name)}, {quoted(dataset.id + ':')})" for name in names)
            yield from _taken(con, dataset, table, derived, f"({finer})", _COARSER, done)
    rows = dataset.release.rows if dataset.release else None
    if rows and set(columns_asked(rows, f"{dataset.id}, release.rows")) <= set(through.crossing):
        yield from _taken(con, dataset, table, derived, f"NOT coalesce((\n{rows}\n), false)", _NARROWER, done)
    for one, crossing in (
        (table, through.crossing),
        *((each, derived_passage(dataset, each).crossing) for each in derived),
    ):
        closed = [
            identifier(column.name) for column in one.columns if column.name not in crossing and not column.required
        ]
        if not closed:
            continue
        held = con.execute(
            f"SELECT {', '.join(f'count({name})' for name in closed)} FROM {one.place} WHERE {mine}"
        ).fetchone()
        full = [name for name, count in zip(closed, held or (), strict=True) if count]
        if full:
            done.tables.add(one.name)
            listed = ", ".join(name.strip('"') for name in full)
            done.lines.append(f"{dataset.id} {one.name}: {listed} may not cross any more, null by now")
            yield f"UPDATE {one.place} SET {', '.join(f'{name} = NULL' for name in full)} WHERE {mine} AND ({' OR '.join(f'{name} IS NOT NULL' for name in full)})"
            yield from _untold(dataset, one, full)


def _taken(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    table: Table,
    derived: list[Table],
    beyond: str,
    why: str,
    done: Withdrawn,
) -> Iterator[str]:
    """Statements that take away all periods that hold a row `beyond` the policy."""
    mine = f"_dataset = {quoted(dataset.id)}"
    periods = [
        period for (period,) in con.execute(f"SELECT DISTINCT _period FROM {table.place} WHERE {mine} AND {beyond} ORDER BY 1").fetchall()
    ]  # fmt: skip
    if not periods:
        return
    listed = ", ".join(map(quoted, periods))
    done.tables |= {table.name, *(each.name for each in derived)}
    done.lines.append(
        f"{dataset.id} {table.name}: {len(periods)} periods ({periods[0]} to {periods[-1]}) withdrawn, {why}"
    )
    for one in (table, *derived):
        yield f"DELETE FROM {one.place} WHERE {mine} AND _period IN ({listed})"
    where = f"dataset = {quoted(dataset.id)} AND table_name = {quoted(table.name)} AND period IN ({listed})"
    yield f"DELETE FROM quality.correction WHERE {where}"
    yield (
        "UPDATE catalogue.release SET withheld_count = withheld_count + released_count, released_count = 0, "
        f"withheld_reason = {quoted(WITHDRAWN + why)}, access_class = {quoted(dataset.access)} WHERE {where}"
    )


def _untold(dataset: Dataset, table: Table, columns: list[str]) -> Iterator[str]:
    """Corrected values of columns that may not cross any more are told no longer."""
    fields = ", ".join(quoted(name.strip('"')) for name in columns)
    yield (
        f'UPDATE quality.correction SET was = NULL, "now" = NULL WHERE dataset = {quoted(dataset.id)} AND table_name = {quoted(table.name)} '
        f"AND list_has_any(string_split(field, ', '), [{fields}]) AND (was IS NOT NULL OR \"now\" IS NOT NULL)"
    )
