"""The report of a run: what came, what it changed against the release before, how long and how many bytes each step."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from euregio import pipeline
from euregio.alerts import evidence
from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import Table, columns_of
from euregio.pages import resources
from euregio.pages.dataset import declared, fed, reasons_of, rules_of
from euregio.pages.incidents import NotFound, accepted_of, line_of
from euregio.pages.models import ReasonChange, Release, RunReport, RunState, Step, TableChange
from euregio.pages.overview import RELEASE
from euregio.pages.sources import Known, Layer, asked_layer, incidents
from euregio.settings import Settings
from euregio.storage.duck import identifier

_LOG = logging.getLogger(__name__)
#: More rows than this are not compared while a page waits.
_MOST_ROWS = 1_000_000


def run_report(
    dataset_id: str, run_id: str, known: Known, run: RunState | None, steps: Sequence[Step], settings: Settings
) -> RunReport:
    """The report. `run` and `steps` are what Airflow knows. Raises NotFound where nobody knows the run."""
    one = declared(dataset_id, known)
    many, _ = incidents(settings, dataset=dataset_id)
    mine = [line_of(each) for each in many if run_id in (each.facts.get("runs") or [])]
    with asked_layer(settings) as layer:
        released, snapshot, replaced = _released(layer, dataset_id, run_id)
        if not (released or run or mine):
            raise NotFound("there is no such run", where=dataset_id, found=run_id)
        period = released[0].period if released else (run.period if run else None)
        before = {each.table: _before(layer, dataset_id, each) for each in released}
        changes = [] if replaced else [
            _change(layer, dataset_id, table, released[0].period, before.get(table.name) or next(iter(before.values()), None))
            for table in (fed(one) if released else [])
        ]  # fmt: skip
        facts: dict[str, Any] = {
            "layer": layer.why, "changes": changes, "rules": rules_of(layer, dataset_id, released),
            "reasons": _reasons(layer, dataset_id, released, before),
            "accepted": [each for each in accepted_of(layer, dataset_id, period) if each.run_id == run_id] if released else [],
        }  # fmt: skip
    used = resources.of_steps(steps)
    return RunReport(
        at=known.at, dataset=dataset_id, title=one.title, run_id=run_id, run=run, period=period, snapshot_id=snapshot,
        replaced=replaced, releases=released, steps=list(steps), landed=_landed(one, released, settings),
        incidents=mine, used=used, cost=resources.cost(used, one.country),
        no_cost=resources.why_no_cost(one.country), **facts,
    )  # fmt: skip


def _released(layer: Layer, dataset_id: str, run_id: str) -> tuple[list[Release], int | None, bool]:
    """What the run released, the snapshot that holds it, and whether a later run replaced it since."""
    query = f"SELECT {RELEASE} FROM catalogue.release {{}} WHERE dataset = ? AND run_id = ? ORDER BY rows_in_count DESC"
    found = layer.rows(query.format(""), dataset_id, run_id)
    if found or layer.con is None:
        return [Release(**row) for row in found], found[0]["snapshot_id"] if found else None, False
    for row in layer.rows(
        "SELECT snapshot_id FROM ducklake_snapshots('lake') WHERE commit_extra_info LIKE '{%' "
        "AND json_extract_string(commit_extra_info, '$.run_id') = ? AND json_extract_string(commit_extra_info, '$.dataset') = ? "
        "ORDER BY snapshot_id DESC LIMIT 1",
        run_id, dataset_id,
    ):  # fmt: skip
        number = int(row["snapshot_id"])
        past = layer.rows(query.format(f"AT (VERSION => {number})"), dataset_id, run_id)
        return [Release(**each) for each in past], number, True
    return [], None, False


def _before(layer: Layer, dataset_id: str, one: Release) -> Release | None:
    rows = layer.rows(
        f"SELECT {RELEASE} FROM catalogue.release WHERE dataset = ? AND table_name = ? AND period < ? ORDER BY period DESC LIMIT 1",
        dataset_id, one.table, one.period,
    )  # fmt: skip
    return Release(**rows[0]) if rows else None


def _change(layer: Layer, dataset_id: str, table: Table, period: str, before: Release | None) -> TableChange:
    """Rows of the period against those of the release before, by the table's key, counted within one query."""
    sizes = {
        row["_period"]: row["n"]
        for row in layer.rows(
            f"SELECT _period, count(*) AS n FROM {table.place} WHERE _dataset = ? AND _period IN (?, ?) GROUP BY 1",
            dataset_id, period, before.period if before else period,
        )
    }  # fmt: skip
    now = sizes.get(period, 0)
    if before is None:
        return TableChange(
            table=table.name, before_period=None, before_count=None, after_count=now, why_not="It is the first release."
        )
    change = TableChange(
        table=table.name, before_period=before.period, before_count=sizes.get(before.period, 0), after_count=now
    )
    if now + (change.before_count or 0) > _MOST_ROWS:
        change.why_not = f"They are many: `euregio diff {dataset_id}` compares them."
        return change
    key = [name for name in table.key if table.has(name)]
    if not key:
        change.why_not = "The table has no key."
        return change
    names = [
        name
        for name, (type_, _) in columns_of(table).items()
        if not name.startswith("_") and name not in key and type_ != "GEOMETRY"
    ]
    both = "n._dataset IS NOT NULL AND b._dataset IS NOT NULL"
    differs = {name: f"n.{identifier(name)} IS DISTINCT FROM b.{identifier(name)}" for name in names}
    counts = "".join(
        f", count(*) FILTER ({both} AND {test}) AS {identifier('c_' + name)}" for name, test in differs.items()
    )
    found = layer.rows(
        f"""WITH now_rows AS (SELECT * FROM {table.place} WHERE _dataset = ? AND _period = ?),
                 before_rows AS (SELECT * FROM {table.place} WHERE _dataset = ? AND _period = ?)
            SELECT count(*) FILTER (b._dataset IS NULL) AS added, count(*) FILTER (n._dataset IS NULL) AS gone,
                   count(*) FILTER ({both} AND ({" OR ".join(differs.values()) or "false"})) AS changed {counts}
            FROM now_rows AS n FULL JOIN before_rows AS b
              ON {" AND ".join(f"n.{identifier(name)} IS NOT DISTINCT FROM b.{identifier(name)}" for name in key)}""",
        dataset_id, period, dataset_id, before.period,
    )[0]  # fmt: skip
    change.added_count, change.gone_count, change.changed_count = found["added"], found["gone"], found["changed"]
    columns = {name: int(found["c_" + name]) for name in names if found["c_" + name]}
    change.columns = dict(sorted(columns.items(), key=lambda item: -item[1]))
    return change


def _reasons(
    layer: Layer, dataset_id: str, released: Sequence[Release], before: dict[str, Release | None]
) -> list[ReasonChange]:
    now = {(each.table, each.reason): each.rows_count for each in reasons_of(layer, dataset_id, released)}
    old_releases = [each for each in before.values() if each]
    old = {(each.table, each.reason): each.rows_count for each in reasons_of(layer, dataset_id, old_releases)}
    compared = {each.table for each in old_releases}
    found = [
        ReasonChange(
            table=table, reason=reason, now_count=now.get((table, reason), 0),
            before_count=old.get((table, reason), 0) if table in compared else None,
        )
        for table, reason in {**now, **old}
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each.now_count, each.table, each.reason))


def _landed(one: Dataset, released: Sequence[Release], settings: Settings) -> list[dict[str, Any]]:
    """Landed files, where the zone can be read from here."""
    if not released:
        return []
    batch = f"batches/{released[0].period.replace(':', '')}/{released[0].batch_id}/batch.json"
    try:
        zone = pipeline.zone_of(one, settings)
        if not zone.exists(batch):
            return []
        return evidence.landed(zone, json.loads(zone.read_bytes(batch)).get("files", []))
    except Exception:  # the zone is another's, or it is down
        _LOG.info("%s: the zone shows nothing", one.id, exc_info=True)
        return []
