"""Upkeep of the layer: old periods retired, snapshots expired but those that a number cites, files merged and swept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import duckdb

from euregio.declarations.datasets import Dataset, begin_of
from euregio.release.retract import clear_period
from euregio.storage.duck import quoted
from euregio.storage.layer import retried, transaction

#: A file that no snapshot names may be one that a writer has not committed yet: only what is older is swept.
SAFE_AGE = timedelta(days=1)


@dataclass
class Kept:
    """What an upkeep of the layer did: retired periods (`dataset period`), expired snapshots, files merged and removed."""

    retired: list[str] = field(default_factory=list)
    expired: int = 0
    merged: int = 0
    removed: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def keep_in_order(
    con: duckdb.DuckDBPyConnection, datasets: Iterable[Dataset], at: datetime, *, snapshots_for: timedelta
) -> Kept:
    """All of it on `con` (storage.layer.open_layer, for writing), safe beside writers and readers.

    `at` is the present (aware); snapshots stay for `snapshots_for`, and for ever where a release or a published
    indicator cites them. A reader that opened a snapshot which expires meanwhile has SAFE_AGE to end.
    """
    return Kept(
        retired=retire(con, datasets, at),
        expired=expire(con, at - snapshots_for),
        merged=merge(con),
        removed=sweep(con, at - SAFE_AGE),
    )


def retire(con: duckdb.DuckDBPyConnection, datasets: Iterable[Dataset], at: datetime) -> list[str]:
    """Remove periods that are older than their dataset's `keep`; the release in force stays however old it is."""
    done = []
    for dataset in datasets:
        if dataset.keep_span is None:
            continue
        periods = [
            period
            for (period,) in con.execute(
                f"SELECT DISTINCT period FROM catalogue.release WHERE dataset = {quoted(dataset.id)} AND period < "
                f"(SELECT min(period) FROM catalogue.current_release WHERE dataset = {quoted(dataset.id)}) ORDER BY ALL"
            ).fetchall()
            if begin_of(period) < at - dataset.keep_span
        ]
        if periods:
            retried(lambda one=dataset, old=tuple(periods): _retire(con, one.id, old))  # type: ignore[misc]  # bound now
            done += [f"{dataset.id} {period}" for period in periods]
    return done


def _retire(con: duckdb.DuckDBPyConnection, dataset_id: str, periods: tuple[str, ...]) -> None:
    facts = {"dataset": dataset_id, "retired": list(periods)}
    with transaction(con, "upkeep", f"retire {len(periods)} periods of {dataset_id}", facts):
        for period in periods:
            clear_period(con, dataset_id, period)


def cited(con: duckdb.DuckDBPyConnection) -> set[int]:
    """Snapshots that a release or the inputs of a published indicator name: who asks of a number must find its rows."""
    found = con.execute(
        "SELECT snapshot_id FROM catalogue.release WHERE snapshot_id IS NOT NULL UNION "
        "SELECT unnest(from_json(json_extract(inputs, '$[*].snapshot_id'), '[\"BIGINT\"]')) FROM indicators.value WHERE inputs IS NOT NULL"
    ).fetchall()
    return {int(snapshot) for (snapshot,) in found if snapshot is not None}


def expire(con: duckdb.DuckDBPyConnection, before: datetime) -> int:
    """Expire snapshots from before the instant that nothing cites; gives how many. The latest always stays."""
    keep = cited(con)
    old = [
        int(snapshot)
        for (snapshot,) in con.execute(
            f"SELECT snapshot_id FROM ducklake_snapshots('lake') WHERE snapshot_time < {quoted(before.isoformat())}::TIMESTAMPTZ "
            "AND snapshot_id > 0 AND snapshot_id < (SELECT max(snapshot_id) FROM ducklake_snapshots('lake'))"
        ).fetchall()
    ]
    gone = [snapshot for snapshot in old if snapshot not in keep]
    if gone:
        retried(lambda: con.execute(f"CALL ducklake_expire_snapshots('lake', versions => {gone})"))
    return len(gone)


def merge(con: duckdb.DuckDBPyConnection) -> int:
    """Merge small files of one table that lie beside each other; time travel stays. Gives how many files were merged."""
    found = retried(lambda: con.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall())
    return sum(int(row[2]) for row in found if len(row) > 2 and isinstance(row[2], int))


def sweep(con: duckdb.DuckDBPyConnection, before: datetime) -> int:
    """Remove files that no snapshot needs any more, and those that a killed writer left, from before the instant."""
    at = f"{quoted(before.isoformat())}::TIMESTAMPTZ"
    removed = 0
    for call in ("ducklake_cleanup_old_files", "ducklake_delete_orphaned_files"):
        removed += len(retried(lambda name=call: con.execute(f"CALL {name}('lake', older_than => {at})").fetchall()))  # type: ignore[misc]  # bound now
    return removed
