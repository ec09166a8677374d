"""What the layer says of one release: for lineage events and metrics alike, so that both tell its own numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import load_table
from euregio.errors import EuregioError
from euregio.extract.landing import manifest_of
from euregio.release.write import DERIVED
from euregio.settings import Settings
from euregio.storage.duck import literal, quoted
from euregio.storage.layer import open_layer

if TYPE_CHECKING:
    from euregio.pipeline import Batch

#: A fetch in more files than this (pages of an answer) is not added up: it would ask the store for each.
_MOST_FILES = 100


@dataclass(frozen=True)
class Verdicts:
    """Rows of a batch for one table: rows_in = admitted + corrected + quarantined; `reasons` of those kept back."""

    rows_in: int
    admitted: int
    corrected: int
    quarantined: int
    withheld: int
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TableFacts:
    """One table of a release: `released` rows that lie in the layer, `verdicts` None where it is derived from another."""

    table: str
    released: int
    verdicts: Verdicts | None = None
    barrier: str | None = None


@dataclass(frozen=True)
class ReleaseFacts:
    """One release: snapshot, instants (UTC; None where not known), the tables that it fed."""

    tables: tuple[TableFacts, ...]
    snapshot_id: int | None = None
    retrieved_at: datetime | None = None
    released_at: datetime | None = None
    source_updated_at: datetime | None = None


def facts_of(dataset: Dataset, period: str, run_id: str, settings: Settings) -> ReleaseFacts:
    """The release of `period` by `run_id`, counted in the layer. Raises EuregioError where the layer does not answer, or
    holds no such release (a later run has replaced it)."""
    from euregio.pipeline import tables_given

    own = f"dataset = {quoted(dataset.id)} AND period = {quoted(period)} AND run_id = {quoted(run_id)}"
    with open_layer(settings) as con:
        noted = con.execute(
            "SELECT table_name, rows_in_count, admitted_count, corrected_count, quarantined_count, withheld_count, withheld_reason, "
            f"snapshot_id, retrieved_at, released_at, source_updated_at FROM catalogue.release WHERE {own} ORDER BY table_name"
        ).fetchall()
        if not noted:
            raise EuregioError("the layer holds no such release", where=f"{dataset.id} {period}", found=run_id)
        reasons: dict[str, dict[str, int]] = {}
        for table, reason, rows in con.execute(
            f"SELECT table_name, reason, sum(rows_count)::BIGINT FROM quality.verdict WHERE {own} AND reason <> '' GROUP BY ALL ORDER BY ALL"
        ).fetchall():
            reasons.setdefault(table, {})[reason] = rows
        tables = []
        for name, rows_in, admitted, corrected, quarantined, withheld, barrier, *_ in noted:
            verdicts = Verdicts(rows_in, admitted, corrected, quarantined, withheld, reasons.get(name, {}))
            tables.append(TableFacts(name, _rows(con, name, dataset.id, period, run_id), verdicts, barrier))
        barriers = {one.table: one.barrier for one in tables}
        for given in tables_given(dataset):
            tables += [
                TableFacts(name, _rows(con, name, dataset.id, period, run_id), barrier=barriers.get(given))
                for name in DERIVED.get(given, ())
            ]
    instants = [max((row[i] for row in noted if row[i] is not None), default=None) for i in (8, 9, 10)]
    return ReleaseFacts(tuple(tables), max(row[7] for row in noted), *instants)


def _rows(con: Any, table: str, dataset: str, period: str, run_id: str) -> int:
    where = f"_dataset = {literal(dataset)} AND _period = {literal(period)} AND _run = {literal(run_id)}"
    return int(con.execute(f"SELECT count(*) FROM {load_table(table).place} WHERE {where}").fetchone()[0])


def landed_bytes(dataset: Dataset, batch: Batch, settings: Settings) -> int | None:
    """Bytes of the batch's landed files; None where they are not known, or too many to ask for."""
    from euregio.pipeline import zone_of

    if not 0 < len(batch.files) <= _MOST_FILES:
        return None
    zone = zone_of(dataset, settings)
    sizes = [manifest_of(zone, sha256).get("size_bytes") for sha256 in batch.files]
    known = [int(size) for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
