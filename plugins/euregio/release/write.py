"""The one write into the layer: a dataset's period, replaced in one transaction that names its run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import Table, columns_of, load_table
from euregio.release.gate import Passage, derived_projection, passage
from euregio.release.retract import clear_period, refuse_retracted
from euregio.settings import PROJECT
from euregio.storage.duck import identifier, literal, quoted
from euregio.storage.layer import retried, transaction
from euregio.storage.meter import moved

DERIVE = PROJECT / "include" / "sql" / "derive"
#: Tables that the rows of another give besides, and what of its rows they need beyond its contract.
DERIVED = {"recharging_point": ("recharging_station", "recharging_site", "connector")}
EXTRAS = {
    "recharging_point": {
        "station_name": ("identity",),
        "site_name": ("identity",),
        "station_power_kw": ("power",),
        "connectors": ("power",),
    }
}
#: Begins the reason of what crossed once and was taken out since (release/withdraw.py): the same batch may come again.
WITHDRAWN = "withdrawn: "
#: Rows that are grouped to stations and sites in one pass.
_ROWS_PER_PASS = 2_000_000


@dataclass(frozen=True)
class RowsFile:
    """Harmonised rows of one table to be released: their file and the counts of harmonise."""

    table: Table
    path: Path
    rows: int
    admitted: int
    corrected: int
    quarantined: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class Origin:
    """What a release says of itself: run, batch, period, landed files, time of the fetch (ISO), rule outcomes, and what
    a person accepted (gate, found, person, reason). `secret` orders the stand-ins of the grain nuts3."""

    run_id: str
    batch_id: str
    period: str
    files: Sequence[str]
    retrieved_at: str | None
    rules: Sequence[Mapping[str, Any]] = ()
    accepted: Sequence[Mapping[str, str]] = ()
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Released:
    """What crossed: rows in the layer by table, sound rows that stayed, the snapshot, and why a table's rows all stayed."""

    tables: dict[str, int]
    withheld: int
    snapshot_id: int
    barriers: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def is_released(con: duckdb.DuckDBPyConnection, dataset_id: str, batch_id: str, period: str | None = None) -> bool:
    """Whether the release in force (or that of `period`) came from this batch: the same bytes under the same rules."""
    source = "catalogue.release" if period else "catalogue.current_release"
    at = f" AND period = {quoted(period)}" if period else ""
    # as JSON, for a layer of before has no such column
    why = "coalesce(to_json(noted) ->> 'withheld_reason', '')"
    found = con.execute(
        f"SELECT count(*), count(*) FILTER (batch_id = {quoted(batch_id)} AND NOT starts_with({why}, {quoted(WITHDRAWN)})) "
        f"FROM {source} AS noted WHERE dataset = {quoted(dataset_id)}{at}"
    ).fetchone()
    return bool(found and found[0] and found[0] == found[1])


def release(con: duckdb.DuckDBPyConnection, dataset: Dataset, rows: Sequence[RowsFile], origin: Origin) -> Released:
    """Replace the dataset's period in the layer (`con` from storage.layer.open_layer) by the rows that may cross.

    All tables change in one snapshot or none does. Where nothing of a table may cross, its rows of before go, and the
    release says how many stayed behind and why. Raises ReleaseError for a policy that cannot be understood.
    """

    def write() -> Released:
        with transaction(
            con, f"run {origin.run_id}", f"release {dataset.id} {origin.period}", _facts(dataset.id, origin)
        ):  # fmt: skip
            return write_within(con, dataset, rows, origin)

    done = _true_snapshot(con, dataset.id, retried(write), origin)
    moved("layer", _bytes_of(con, done.snapshot_id))
    return done


def write_within(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, rows: Sequence[RowsFile], origin: Origin
) -> Released:
    """What `release` writes, within the transaction that is open: for a rehearsal, which rolls it back."""
    refuse_retracted(con, dataset.id, origin.period, origin.batch_id)
    passages = {
        item.table.name: passage(dataset, item.table, EXTRAS.get(item.table.name), origin.secret) for item in rows
    }
    snapshot = (con.execute("SELECT max(snapshot_id) + 1 FROM ducklake_snapshots('lake')").fetchone() or (0,))[0]
    clear_period(con, dataset.id, origin.period)
    counts: dict[str, int] = {}
    withheld = 0
    for item in rows:
        crossed = _write_rows(con, dataset, item, passages[item.table.name], origin, counts)
        left = item.admitted + item.corrected - crossed
        withheld += left
        _note_release(con, dataset, item, passages[item.table.name], origin, crossed, left, snapshot)
    _note_quality(con, dataset, rows, passages, origin)
    barriers = {name: through.barrier for name, through in passages.items() if through.barrier}
    return Released(counts, withheld, snapshot, barriers)


def _facts(dataset_id: str, origin: Origin) -> dict[str, str]:
    """What the commit of a release says of itself."""
    return {"dataset": dataset_id, "period": origin.period, "run_id": origin.run_id, "batch_id": origin.batch_id}


def _write_rows(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    item: RowsFile,
    through: Passage,
    origin: Origin,
    counts: dict[str, int],
) -> int:
    provenance = (
        f"{quoted(dataset.id)} AS _dataset, {quoted(origin.period)} AS _period, {quoted(origin.run_id)} AS _run, "
        "_file || '#' || _record AS _raw, _verdict"
    )
    if through.barrier:
        return 0
    rows = f"SELECT {through.projection}, {provenance} FROM read_parquet({quoted(str(item.path))}) WHERE {through.condition}"
    con.execute(f"CREATE OR REPLACE TEMP VIEW released AS {rows}")
    crossed = _insert(con, item.table, "SELECT * FROM released")
    counts[item.table.name] = crossed
    stamp = f"{quoted(dataset.id)} AS _dataset, {quoted(origin.period)} AS _period, {quoted(origin.run_id)} AS _run, 'admitted' AS _verdict"
    for name in DERIVED.get(item.table.name, ()):
        sql = (DERIVE / f"{name}.sql").read_text(encoding="utf-8").strip().rstrip(";")
        table = load_table(name)
        source = f"SELECT {derived_projection(dataset, table)}, _raw, {stamp} FROM ({sql})"
        # what groups rows does so in passes over hashes of its key: DuckDB's limit of memory does not count grouped texts
        key = identifier(table.key[0])
        passes = crossed // _ROWS_PER_PASS + 1 if table.key[0] != item.table.key[0] else 1
        counts[name] = 0
        for number in range(passes):
            con.execute(
                f"CREATE OR REPLACE TEMP VIEW released AS FROM ({rows}) WHERE hash({key}) % {passes} = {number}"
            )
            counts[name] += _insert(con, table, source)
    con.execute(f"CREATE OR REPLACE TEMP VIEW released AS {rows}")
    return crossed


def _insert(con: duckdb.DuckDBPyConnection, table: Table, source: str) -> int:
    names = ", ".join(identifier(name) for name in columns_of(table))
    found = con.execute(f"INSERT INTO {table.place} ({names}) SELECT {names} FROM ({source})").fetchone()
    return int(found[0]) if found else 0


def _note_release(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, item: RowsFile, through: Passage, origin: Origin,
    crossed: int, withheld: int, snapshot: int,
) -> None:  # fmt: skip
    licence = dataset.licence
    dated = next((name for name in ("updated_at", "observed_at") if item.table.has(name)), None)
    latest = f"(SELECT max({dated}) FROM released)" if dated and not through.barrier else "CAST(NULL AS TIMESTAMPTZ)"
    values = {
        "dataset": dataset.id, "country_code": dataset.country_code, "table_name": item.table.name, "period": origin.period,
        "run_id": origin.run_id, "batch_id": origin.batch_id, "snapshot_id": snapshot,
        "rows_in_count": item.rows, "admitted_count": item.admitted, "corrected_count": item.corrected,
        "quarantined_count": item.quarantined, "withheld_count": withheld, "released_count": crossed,
        "withheld_reason": through.barrier, "access_class": through.access_class,
        "licence_id": licence.id if licence else None, "licence_url": licence.url if licence else None,
        "attribution": dataset.attribution, "publisher": dataset.publisher, "title": dataset.title, "format": dataset.format,
        "files": list(origin.files), "retrieved_at": origin.retrieved_at,
    }  # fmt: skip
    con.execute(
        f"INSERT INTO catalogue.release ({', '.join(values)}, released_at, source_updated_at) "
        f"SELECT {', '.join(map(literal, values.values()))}, now(), {latest}"
    )


def _note_quality(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    rows: Sequence[RowsFile],
    passages: Mapping[str, Passage],
    origin: Origin,
) -> None:
    """Counts of verdicts and rules; corrections only of rows that cross, their values only of columns that cross."""
    verdicts: list[tuple[str, str, str, int]] = []
    of_run = f"{quoted(origin.period)}, {quoted(origin.run_id)}"
    for item in rows:
        totals = (("admitted", item.admitted), ("corrected", item.corrected), ("quarantined", item.quarantined))
        verdicts += [(item.table.name, verdict, "", count) for verdict, count in totals]
        verdicts += [(item.table.name, "quarantined", reason, count) for reason, count in item.reasons.items()]
        through = passages[item.table.name]
        if through.barrier or not item.corrected:
            continue
        told = f"list_has_all({literal(list(through.crossing))}, string_split(fix.field, ', '))"
        con.execute(
            f"INSERT INTO quality.correction SELECT {quoted(dataset.id)}, {quoted(item.table.name)}, {of_run}, raw, fix.field, "
            f"CASE WHEN {told} THEN fix.was END, CASE WHEN {told} THEN fix.now END, fix.why "
            "FROM (SELECT _file || '#' || _record AS raw, unnest(_corrections) AS fix "
            f"FROM read_parquet({quoted(str(item.path))}) WHERE ({through.condition}) AND _verdict = 'corrected')"
        )
    counted = ", ".join(
        f"({quoted(dataset.id)}, {quoted(v[0])}, {of_run}, {', '.join(map(literal, v[1:]))})" for v in verdicts
    )
    con.execute(f"INSERT INTO quality.verdict VALUES {counted}")
    if origin.accepted:
        words = ("gate", "found", "person", "reason")
        told = ", ".join(f"({quoted(dataset.id)}, {of_run}, {', '.join(quoted(a[w]) for w in words)}, now())" for a in origin.accepted)  # fmt: skip
        con.execute(f"INSERT INTO quality.acceptance VALUES {told}")
    if origin.rules:
        names = ("table_name", "reason", "severity", "evaluated", "failed", "success")
        judged = ", ".join(
            f"({quoted(dataset.id)}, {of_run}, {', '.join(literal(r[n]) for n in names)})" for r in origin.rules
        )
        con.execute(
            "INSERT INTO quality.rule_outcome (dataset, period, run_id, table_name, reason, severity, evaluated_count, "
            f"failed_count, is_success) VALUES {judged}"
        )


def _bytes_of(con: duckdb.DuckDBPyConnection, snapshot: int) -> int:
    """Bytes of the files that a snapshot brought; rows that the catalogue itself holds while they are few have none."""
    found = con.execute(
        f"SELECT sum(file_size_bytes) FROM __ducklake_metadata_lake.ducklake_data_file WHERE begin_snapshot = {snapshot}"
    ).fetchone()
    return int(found[0] or 0) if found else 0


def _true_snapshot(con: duckdb.DuckDBPyConnection, dataset_id: str, done: Released, origin: Origin) -> Released:
    """The snapshot that the commit got; another writer may have come in between, then the note is put right."""
    facts = _facts(dataset_id, origin)
    found = con.execute(
        f"SELECT max(snapshot_id) FROM ducklake_snapshots('lake') WHERE snapshot_id >= {done.snapshot_id} "
        f"AND commit_extra_info = {quoted(json.dumps(facts, sort_keys=True))}"
    ).fetchone()
    snapshot = found[0] if found and found[0] is not None else done.snapshot_id
    if snapshot == done.snapshot_id:
        return done

    def put_right() -> None:
        with transaction(
            con, f"run {origin.run_id}", f"note the snapshot of {dataset_id} {origin.period}", {"note_of": snapshot}
        ):
            con.execute(
                f"UPDATE catalogue.release SET snapshot_id = {snapshot} WHERE dataset = {quoted(dataset_id)} "
                f"AND period = {quoted(origin.period)} AND run_id = {quoted(origin.run_id)}"
            )

    retried(put_right)
    return replace(done, snapshot_id=snapshot)
