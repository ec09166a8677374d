"""The difference that a batch would make: released within a transaction, compared, and rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from euregio import pipeline
from euregio.declarations.tables import Table, load_table
from euregio.indicators import run as indicators
from euregio.indicators.registry import use_cases
from euregio.pipeline import Batch
from euregio.release.write import DERIVED, write_within
from euregio.settings import Settings
from euregio.storage.duck import identifier, quoted
from euregio.storage.layer import open_layer


@dataclass(frozen=True)
class TableChange:
    """Rows of one table that would be `added`, `gone`, or `changed`; how many of the changed differ in each column."""

    table: str
    before: int
    after: int
    added: int
    gone: int
    changed: int
    columns: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueChange:
    """A value of an indicator that would change; None where it is withheld, then the reason tells why."""

    indicator_id: str
    region_id: str
    side_id: str
    dimension: str
    unit: str
    before: float | None
    after: float | None
    reason: str | None


@dataclass(frozen=True)
class Difference:
    """What a batch would change in the layer against the releases in force."""

    dataset: str
    period: str
    replaces: str | None
    tables: list[TableChange]
    values: list[ValueChange]

    @property
    def is_none(self) -> bool:
        """Whether nothing at all would change."""
        return not self.values and not any(one.added or one.gone or one.changed for one in self.tables)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def difference(batch: Batch, settings: Settings | None = None) -> Difference:
    """Rehearse the release of a harmonised batch. Nothing of it stays: other readers and writers never see it.

    Tables are compared as they stand in force, by their keys; indicators are computed before and after, so that only
    this batch makes the difference. Raises what a release raises.
    """
    settings = settings or Settings()
    dataset, rows, origin = pipeline.to_release(batch, settings)
    names = [name for item in rows for name in (item.table.name, *DERIVED.get(item.table.name, ()))]
    with open_layer(settings, read_only=False) as con:
        replaces = con.execute(
            f"SELECT max(period) FROM catalogue.current_release WHERE dataset = {quoted(dataset.id)}"
        ).fetchone()
        at = datetime.now(UTC)
        was = _values(con, batch, at)
        for name in names:
            con.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(f'was_{name}')} AS {_in_force(name, dataset.id)}")
        with _rehearsal(con):
            write_within(con, dataset, rows, origin)
            tables = [_compared(con, load_table(name), dataset.id) for name in names]
            values = _changed(was, _values(con, batch, at))
    return Difference(dataset.id, batch.period, replaces[0] if replaces else None, tables, values)


@contextmanager
def _rehearsal(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction that is always rolled back; the layer takes away the files that it wrote."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
    finally:
        con.execute("ROLLBACK")


def _in_force(table: str, dataset_id: str) -> str:
    return (
        f"SELECT entry.* FROM core.{identifier(table)} AS entry WHERE _dataset = {quoted(dataset_id)} AND _period = "
        f"(SELECT max(period) FROM catalogue.release WHERE dataset = {quoted(dataset_id)})"
    )


def _compared(con: duckdb.DuckDBPyConnection, table: Table, dataset_id: str) -> TableChange:
    """Rows before and after, matched by the table's key. Observations (a key with an instant) come and go as a whole."""
    key = list(table.key) or [column.name for column in table.columns]
    others = [column.name for column in table.columns if column.name not in key]
    same_key = " AND ".join(f"old.{identifier(name)} IS NOT DISTINCT FROM new.{identifier(name)}" for name in key)
    differs = {name: f"old.{identifier(name)} IS DISTINCT FROM new.{identifier(name)}" for name in others}
    in_both = "old._there AND new._there"
    counts = "".join(f", count(*) FILTER ({in_both} AND {test})" for test in differs.values())
    any_differs = " OR ".join(differs.values()) or "false"
    row = con.execute(
        "SELECT count(old._there), count(new._there), count(*) FILTER (old._there IS NULL), count(*) FILTER (new._there IS NULL), "
        f"count(*) FILTER ({in_both} AND ({any_differs})){counts} FROM (SELECT *, true AS _there FROM was_{table.name}) AS old "
        f"FULL JOIN (SELECT *, true AS _there FROM ({_in_force(table.name, dataset_id)})) AS new ON {same_key}"
    ).fetchone()
    before, after, added, gone, changed, *by_column = row or (0,) * (5 + len(others))
    columns = {name: count for name, count in zip(others, by_column, strict=True) if count}
    return TableChange(table.name, before, after, added, gone, changed, columns)


_Key = tuple[str, str, str, str]


def _values(con: duckdb.DuckDBPyConnection, batch: Batch, at: datetime) -> dict[_Key, Any]:
    """Values of all use cases over the layer as the connection sees it, as computed at one instant."""
    found = {}
    for use_case in use_cases():
        for value in indicators.compute(con, use_case, batch.period, run_id=batch.run_id, computed_at=at):
            found[value.indicator_id, value.region_id, value.side_id, value.dimension] = value
    return found


def _changed(before: dict[_Key, Any], after: dict[_Key, Any]) -> list[ValueChange]:
    changes: list[ValueChange] = []
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        known: Sequence[Any] = [one for one in (now, was) if one is not None]
        if not _same(was and was.value, now and now.value):
            reason = next((one.reason for one in (now, was) if one and one.value is None), None)
            changes.append(ValueChange(*key, known[0].unit, was and was.value, now and now.value, reason))
    return changes


def _same(one: float | None, other: float | None) -> bool:
    """Whether two values are equal but for the last digits, which the order of summing moves."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
