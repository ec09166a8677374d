"""The layer itself: tables with rows, files and bytes, its snapshots, and who wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from euregio.declarations.tables import load_tables
from euregio.pages.models import LayerFacts, LayerTable, Snapshot, Writer
from euregio.pages.sources import Known, Layer, asked_layer
from euregio.settings import Settings

_SNAPSHOTS = 60


def layer_facts(known: Known, settings: Settings) -> LayerFacts:
    """Tables, the last snapshots, who wrote. Writers of datasets that the user may not read are not named."""
    with asked_layer(settings) as layer:
        tables, names = _tables(layer)
        rows = layer.rows(
            "SELECT snapshot_id, snapshot_time, author, commit_message, commit_extra_info, CAST(changes AS JSON) AS changes "
            "FROM ducklake_snapshots('lake') ORDER BY snapshot_id DESC"
        )
    snapshots = [_snapshot(row, names) for row in rows]
    mine = [one for one in snapshots if one.dataset is None or known.may_read(one.dataset)]
    return LayerFacts(
        at=known.at, layer=layer.why, catalogue=settings.layer_catalogue.partition(":")[0],
        size_bytes=sum(one.size_bytes for one in tables), tables=tables, snapshots_count=len(snapshots), snapshots=mine[:_SNAPSHOTS],
        writers=_writers(mine),
    )  # fmt: skip


def _tables(layer: Layer) -> tuple[list[LayerTable], dict[int, str]]:
    """Tables, the greatest first, and their names by the numbers that snapshots call them."""
    said = {table.place: table.description for table in load_tables().values()}
    known = layer.rows(
        """SELECT schema_name, table_name, coalesce(estimated_size, 0) AS n FROM duckdb_tables() WHERE database_name = 'lake'"""
    )
    info = layer.rows("SELECT * FROM ducklake_table_info('lake')")
    # DuckDB and DuckLake number tables and schemas each in its own way: a name that only one schema has tells which is which
    schemas: dict[int, str] = {}
    for row in info:
        named = [one["schema_name"] for one in known if one["table_name"] == row["table_name"]]
        if len(named) == 1:
            schemas[row["schema_id"]] = named[0]
    lies = {(schemas.get(row["schema_id"]), row["table_name"]): row for row in info}
    tables = []
    for one in known:
        row, place = lies.get((one["schema_name"], one["table_name"]), {}), f"{one['schema_name']}.{one['table_name']}"
        tables.append(
            LayerTable(
                place=place, description=said.get(place, ""), rows_count=one["n"], files_count=row.get("file_count") or 0,
                size_bytes=(row.get("file_size_bytes") or 0) + (row.get("delete_file_size_bytes") or 0),
                deletes_count=row.get("delete_file_count") or 0,
            )
        )  # fmt: skip
    tables.sort(key=lambda table: (-table.rows_count, table.place))
    return tables, {int(row["table_id"]): f"{schemas.get(row['schema_id'], '?')}.{row['table_name']}" for row in info}


def _snapshot(row: Mapping[str, Any], names: Mapping[int, str]) -> Snapshot:
    extra: Any = None
    try:
        extra = json.loads(row["commit_extra_info"] or "null")
    except ValueError:  # another tool's commit
        extra = None
    extra = extra if isinstance(extra, dict) else {}
    touched: list[str] = []
    changes = row["changes"] if isinstance(row["changes"], dict) else json.loads(row["changes"] or "{}")
    for kind, what in changes.items():
        for one in what if isinstance(what, list) else [what]:
            text = str(one)
            if not text.isdigit():
                touched.append(text)
            elif "schema" not in kind and int(text) in names:  # views and what was dropped since have numbers only
                touched.append(names[int(text)])
    return Snapshot(
        snapshot_id=row["snapshot_id"], at=row["snapshot_time"], author=row["author"], message=row["commit_message"],
        dataset=_text(extra.get("dataset")), run_id=_text(extra.get("run_id")), tables=sorted(set(touched)),
    )  # fmt: skip


def _writers(snapshots: list[Snapshot]) -> list[Writer]:
    """Who wrote, by what the commits say of themselves: a dataset, else the author without numbers."""
    found: dict[str, list[datetime]] = {}
    for one in snapshots:
        who = one.dataset or re.sub(r"[\s_-]*\d.*$", "", one.author or "") or "no author (another tool, or the set-up)"
        found.setdefault(who, []).append(one.at)
    writers = [Writer(writer=who, commits_count=len(at), last_at=max(at)) for who, at in found.items()]
    return sorted(writers, key=lambda one: one.last_at, reverse=True)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
