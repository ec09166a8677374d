"""Computes the indicators of a use case from the layer, for the caller to write in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, fields
from datetime import UTC, datetime
from typing import Any

import duckdb

from euregio.declarations.regions import WHOLE, Region, load_regions
from euregio.declarations.tables import load_table
from euregio.errors import DeclarationError, EuregioError
from euregio.indicators import world
from euregio.indicators.registry import Indicator, load_indicators
from euregio.indicators.values import Key, Measured, Value, contrast_unit, judge
from euregio.indicators.withdrawn import withdrawals

#: TEMP table that `compute` leaves on the connection, with the columns of the contract indicator_value.
COMPUTED = "computed_values"
#: More inputs of one dataset and table than this are listed as one, with the first and the last period.
LISTED_PERIODS = 12


def compute(
    con: duckdb.DuckDBPyConnection,
    use_case: str,
    period: str,
    *,
    run_id: str,
    regions: Iterable[Region] | None = None,
    computed_at: datetime | None = None,
    only: str | None = None,
) -> list[Value]:
    """All values of the use case's indicators (or of `only` one) in `regions` (all declared ones where None), for `period`.

    `con` has the layer as its current database and the spatial extension loaded; only TEMP tables are made. The values
    are returned and left in the TEMP table `computed_values`, which has the columns of the contract indicator_value.
    Raises DeclarationError where a declaration is wrong, EuregioError where an indicator's SQL fails.
    """
    computed_at = computed_at or datetime.now(UTC)
    chosen = list(load_regions().values() if regions is None else regions)
    if not chosen:
        raise DeclarationError("no region to compute for", expected="at least one file in include/regions")
    indicators = [one for one in load_indicators(use_case).values() if only in (None, one.id)]
    world.lay(con, chosen, computed_at)
    snapshots = _snapshots(con)
    problems = _problems(con)
    gone = withdrawals(con, use_case)
    values: list[Value] = []
    for indicator in indicators:
        measured = measure(con, indicator)
        inputs = _inputs(con, snapshots)
        for region in chosen:
            reasons = {
                side.id: text
                for side in region.sides
                for kind, text in problems.get((region.id, side.id), ())
                if kind == "place" or indicator.needs_points
            }
            for judged in judge(indicator, region, measured.get(region.id, {}), reasons):
                behind = _merged(inputs, region, judged.side_id)
                values.append(
                    Value(
                        use_case, indicator.id, indicator.header.version, region.id, judged.side_id, judged.side_kind, period,
                        judged.dimension, judged.measured.value,
                        contrast_unit(indicator) if judged.side_kind == "contrast" else indicator.header.unit,
                        judged.measured.n, judged.measured.coverage,
                        "withheld" if judged.measured.value is None else "published", judged.measured.reason,
                        json.dumps(behind, ensure_ascii=False), run_id, computed_at,
                        gone.of((indicator.id, region.id, judged.side_id), behind),
                    )
                )  # fmt: skip
    _leave(con, values)
    return values


def measure(con: duckdb.DuckDBPyConnection, indicator: Indicator) -> dict[str, dict[Key, Measured]]:
    """What the indicator's SQL gives, by region; needs `world.lay` before. Leaves the view `rows_behind`."""
    try:
        result = world.show(con, indicator)
        names = [column[0] for column in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    except duckdb.Error as error:
        raise EuregioError(
            "the indicator's SQL failed", where=indicator.id, found=str(error).splitlines()[0]
        ) from error
    if lacking := {"region_id", "side_id", "dimension", "value", "n", "coverage"} - set(names):
        raise DeclarationError(
            "the SELECT lacks columns", where=indicator.id, found=", ".join(names), expected=", ".join(sorted(lacking))
        )
    if ("parts" in names) != (indicator.header.floor.each is not None):
        raise DeclarationError(
            "the floor's `each` and the SELECT's column parts need each other",
            where=indicator.id,
            found=", ".join(names),
        )
    measured: dict[str, dict[Key, Measured]] = {}
    for row in rows:
        if row["dimension"] not in indicator.header.dimensions:
            raise DeclarationError(
                "the SELECT gives a dimension that the header lacks", where=indicator.id, found=row["dimension"],
                expected=", ".join(indicator.header.dimensions),
            )  # fmt: skip
        number = None if row["value"] is None else float(row["value"])
        coverage = None if row["coverage"] is None else float(row["coverage"])
        key = (row["side_id"], row.get("facing"), row["dimension"])
        measured.setdefault(row["region_id"], {})[key] = Measured(
            number, int(row["n"] or 0), coverage, row.get("reason"), row.get("parts")
        )
    return measured


def _snapshots(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int | None]:
    """Snapshot of each dataset and period: all tables of a batch, the derived ones too, are one transaction."""
    return {
        (dataset, period): snapshot
        for dataset, period, snapshot in con.execute(
            "SELECT dataset, period, max(snapshot_id) FROM catalogue.release GROUP BY ALL"
        ).fetchall()
    }


def _problems(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[tuple[str, str]]]:
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    # `points` first, so that an unknown place, which is the deeper cause, is the one that is told.
    for region, side, kind, text in con.execute("FROM side_problem ORDER BY kind DESC").fetchall():
        found.setdefault((region, side), []).append((kind, text))
    return found


def _inputs(
    con: duckdb.DuckDBPyConnection, snapshots: dict[tuple[str, str], int | None]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Inputs by region and side, counted over the rows behind the values."""
    rows = con.execute(
        """SELECT region_id, side_id, dataset, table_name, period, run_id, count(*) FILTER (WHERE role = 'used'),
                  count(*) FILTER (WHERE role = 'missing'), count(*) FILTER (WHERE role = 'excluded')
           FROM rows_behind WHERE role <> 'context' AND dataset IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    inputs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for region, side, dataset, table, period, run, used, missing, excluded in rows:
        inputs.setdefault((region, side), []).append(
            {"dataset": dataset, "table": table, "period": period, "run_id": run, "snapshot_id": snapshots.get((dataset, period)),
             "rows": used, "missing": missing, "excluded": excluded}
        )  # fmt: skip
    return inputs


def _merged(inputs: dict[tuple[str, str], list[dict[str, Any]]], region: Region, side_id: str) -> list[dict[str, Any]]:
    """Inputs of a side, of all sides, or of the two sides of a contrast: one entry per dataset, table and period."""
    sides = [side.id for side in region.sides] if side_id == WHOLE else side_id.split(":")
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for side in sides:
        for entry in inputs.get((region.id, side), []):
            key = (entry["dataset"], entry["table"], entry["period"], entry["run_id"])
            if key in merged:
                merged[key] = {**merged[key], **{k: merged[key][k] + entry[k] for k in ("rows", "missing", "excluded")}}
            else:
                merged[key] = entry
    by_table: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in merged.values():
        by_table.setdefault((entry["dataset"], entry["table"]), []).append(entry)
    return [entry for entries in by_table.values() for entry in _shortened(entries)]


def _shortened(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(entries) <= LISTED_PERIODS:
        return entries
    periods = sorted(entry["period"] for entry in entries)
    known = [entry["snapshot_id"] for entry in entries if entry["snapshot_id"] is not None]
    return [
        {"dataset": entries[0]["dataset"], "table": entries[0]["table"], "period": f"{periods[0]}..{periods[-1]}", "run_id": None,
         "snapshot_id": max(known, default=None), **{k: sum(e[k] for e in entries) for k in ("rows", "missing", "excluded")}}
    ]  # fmt: skip


def _leave(con: duckdb.DuckDBPyConnection, values: list[Value]) -> None:
    table = load_table("indicator_value")
    names = [field.name for field in fields(Value)]
    if names != [column.name for column in table.columns]:
        raise DeclarationError(
            "the contract and the values differ in columns", where="indicator_value", found=", ".join(names)
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {COMPUTED} ({', '.join(f'{c.name} {c.type}' for c in table.columns)})")
    if values:
        con.executemany(
            f"INSERT INTO {COMPUTED} VALUES ({', '.join('?' * len(names))})", [astuple(value) for value in values]
        )
