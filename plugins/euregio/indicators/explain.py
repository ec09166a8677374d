"""Traces an indicator's value to its definition, parameters, datasets, row counts, licences and rows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from euregio.declarations.regions import WHOLE, Region, load_region
from euregio.errors import EuregioError
from euregio.indicators import world
from euregio.indicators.explain_text import as_text
from euregio.indicators.registry import Indicator, Parameter, load_indicator
from euregio.indicators.run import compute, measure
from euregio.indicators.sentence import shown

#: Columns of rows_behind that a reader of rows has no use for.
_INNER = {"region_id", "run_id", "x_m", "y_m", "pair_no", "country_points_count", "country_placed_count"}
#: Indicators that tell what is not comparable between sides.
_COMPARABILITY = ("data_definition", "data_coverage")
#: Kinds of sides, as they are listed; those of a kind as the region declares them.
_KINDS = ("whole", "side", "contrast")
#: Shares of two sides that differ by more are worth a note.
_DIFFERENT = 0.1


@dataclass(frozen=True)
class Explanation:
    """What lies behind an indicator's values in one region; plain data, ready for JSON.

    `values` are rows of indicators.value without their inputs; `datasets` one entry per dataset, table and period with
    its row counts, licence and attribution; `left_out` the rows that are not in the value, by reason; `rows` the rows
    themselves where asked for.
    """

    indicator_id: str
    title: str
    region_id: str
    region: str
    side_id: str | None
    is_stored: bool
    values: list[dict[str, Any]]
    definition: str
    formula: str
    reference: str
    unit: str
    shown_as: str
    contrast: str
    coverage: str
    floor: dict[str, float | str | None]
    parameters: list[dict[str, str]]
    datasets: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    credits: list[str]
    comparability: list[str]
    rows: list[dict[str, Any]] | None = None
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The trace for a person to read in a terminal."""
        return as_text(asdict(self))

    def to_json(self) -> str:
        """The trace as JSON; instants in ISO 8601."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, default=_plain)


def explain(
    con: duckdb.DuckDBPyConnection,
    indicator_id: str,
    region_id: str | Region,
    side: str | None = None,
    rows: bool = False,
    *,
    row_limit: int | None = None,
) -> Explanation:
    """What an indicator's values in a region are made of. `side` is a side, `whole`, a contrast, or None for all.

    Values are those stored in indicators.value for the latest period; where none are stored they are computed now and
    `is_stored` is False. `rows` lists the rows behind, from the same view that the value is computed over, at most
    `row_limit` of them. Makes TEMP tables only. Raises DeclarationError for an unknown indicator, region or side.
    """
    indicator = load_indicator(indicator_id)
    region = region_id if isinstance(region_id, Region) else load_region(region_id)
    sides = _sides(region, side)
    values = _stored(con, indicator.id, region, side)
    is_stored = bool(values)
    if not is_stored:
        fresh = compute(con, indicator.use_case, "now", run_id="explain", regions=[region], only=indicator.id)
        values = [asdict(value) for value in fresh if side in (None, value.side_id)]
    at = values[0]["computed_at"] if values and isinstance(values[0]["computed_at"], datetime) else None
    world.lay(con, [region], at)
    measure(con, indicator)
    datasets = _datasets(con, values)
    return Explanation(
        indicator_id=indicator.id,
        title=indicator.title(),
        region_id=region.id,
        region=region.name(),
        side_id=side,
        is_stored=is_stored,
        values=[
            {k: v for k, v in value.items() if k not in ("inputs", "use_case", "region_id", "indicator_id")}
            for value in values
        ],
        definition=" ".join(indicator.header.definition.split()),
        formula=indicator.statements[-1],
        reference=indicator.header.reference,
        unit=indicator.header.unit,
        shown_as=indicator.header.shown_as,
        contrast=indicator.header.contrast,
        coverage=indicator.header.coverage,
        floor=indicator.header.floor.model_dump(),
        parameters=[_parameter(parameter, at) for parameter in indicator.parameters],
        datasets=datasets,
        left_out=_left_out(con, sides),
        credits=sorted(
            {f"{d['attribution'] or d['publisher']} ({d['licence_id']})" for d in datasets if d.get("licence_id")}
        ),
        comparability=_comparability(con, indicator, region),
        rows=_rows(con, sides, row_limit) if rows else None,
        notes=_notes(region, datasets, is_stored, values),
    )


def _parameter(parameter: Parameter, at: datetime | None) -> dict[str, str]:
    """A parameter; the instant of the computation, which a run sets, as that instant."""
    told = asdict(parameter)
    if at is not None and parameter.name == "computed_at":
        told["value"] = at.isoformat(timespec="seconds")
    return told


def _sides(region: Region, side: str | None) -> list[str]:
    if side is None or side == WHOLE:
        return [one.id for one in region.sides]
    return [region.side(part).id for part in side.split(":")]


def _stored(
    con: duckdb.DuckDBPyConnection, indicator_id: str, region: Region, side: str | None
) -> list[dict[str, Any]]:
    found = _dicts(
        con.execute(
            """SELECT * FROM indicators.value WHERE indicator_id = $1 AND region_id = $2 AND side_id = coalesce($3, side_id)
               QUALIFY period = max(period) OVER ()""",
            [indicator_id, region.id, side],
        )
    )
    declared = [one.id for one in region.sides]

    def place(value: dict[str, Any]) -> tuple[Any, ...]:
        return (
            value["dimension"],
            _KINDS.index(value["side_kind"]),
            [declared.index(part) for part in value["side_id"].split(":") if part in declared],
        )

    return sorted(found, key=place)


def _datasets(con: duckdb.DuckDBPyConnection, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Inputs of the values, each once, with what the catalogue says of its release and why rows were quarantined."""
    inputs: dict[tuple[str, str, str], dict[str, Any]] = {}
    # The whole comes last: its counts are those of all sides together.
    order = {"contrast": 0, "side": 1, "whole": 2}
    for value in sorted(values, key=lambda v: order[v["side_kind"]]):
        for entry in json.loads(value["inputs"]):
            inputs[entry["dataset"], entry["table"], entry["period"]] = entry
    releases: dict[tuple[str, ...], dict[str, Any]] = {}
    for r in _dicts(con.execute("SELECT * EXCLUDE (files) FROM catalogue.release ORDER BY table_name")):
        releases[r["dataset"], r["table_name"], r["period"]] = r
        releases.setdefault((r["dataset"], r["period"]), r)
    reasons: dict[tuple[str, str, str], dict[str, int]] = {}
    for dataset, table, period, reason, count in con.execute(
        """SELECT dataset, table_name, period, reason, rows_count FROM quality.verdict
           WHERE verdict = 'quarantined' AND reason <> '' ORDER BY rows_count DESC"""
    ).fetchall():
        reasons.setdefault((dataset, table, period), {})[reason] = count
    # Stations are derived and have no release of their own: licence and counts are those of what they came with.
    told = ("title", "publisher", "licence_id", "licence_url", "attribution", "access_class", "released_at", "source_updated_at",
            "rows_in_count", "admitted_count", "corrected_count", "quarantined_count", "withheld_count")  # fmt: skip
    found = []
    for key, entry in sorted(inputs.items()):
        release = releases.get(key) or releases.get((key[0], key[2]), {})
        counted = release.get("table_name", key[1])
        found.append({
            **entry,
            **{name: release.get(name) for name in told},
            "counts_of": counted,
            "quarantine_reasons": reasons.get((key[0], counted, key[2]), {}),
            "is_in_force": None if not release else release["run_id"] == entry["run_id"],
        })  # fmt: skip
    return found


def _left_out(con: duckdb.DuckDBPyConnection, sides: list[str]) -> list[dict[str, Any]]:
    return _dicts(
        con.execute(
            """SELECT side_id, table_name, role, why, count(*) AS rows_count FROM rows_behind
               WHERE role IN ('missing', 'excluded') AND list_contains($1, side_id) GROUP BY ALL ORDER BY ALL""",
            [sides],
        )
    )


def _rows(con: duckdb.DuckDBPyConnection, sides: list[str], limit: int | None) -> list[dict[str, Any]]:
    kept = _dicts(
        con.execute(
            """SELECT * FROM rows_behind WHERE role <> 'context' AND list_contains($1, side_id)
               ORDER BY side_id, table_name, dataset, row_id LIMIT coalesce($2, 9223372036854775807)""",
            [sides, limit],
        )
    )
    return [{name: value for name, value in row.items() if name not in _INNER and value is not None} for row in kept]


def _comparability(con: duckdb.DuckDBPyConnection, indicator: Indicator, region: Region) -> list[str]:
    """Differences between the sides' data, as the stored comparability indicators tell them."""
    if not indicator.needs_points:
        return []
    notes: list[str] = []
    known: list[dict[str, float]] = []
    for other in _COMPARABILITY:
        measured = load_indicator(other)
        values = [v for v in _stored(con, other, region, None) if v["side_kind"] == "side" and v["value"] is not None]
        for dimension in dict.fromkeys(v["dimension"] for v in values):
            shares = {v["side_id"]: v["value"] for v in values if v["dimension"] == dimension}
            # what both indicators measure alike is told once
            if len(shares) > 1 and max(shares.values()) - min(shares.values()) > _DIFFERENT and shares not in known:
                known.append(shares)
                told = ", ".join(f"{side} {shown(measured, share)}" for side, share in shares.items())
                notes.append(f"{measured.title()} ({measured.dimension(dimension)}): {told}")
    return notes


def _notes(region: Region, datasets: list[dict[str, Any]], is_stored: bool, values: list[dict[str, Any]]) -> list[str]:
    lacked = {
        (one["dataset"], one["period"], one["retracted_on"], one["reason"])
        for value in values
        for one in json.loads(value.get("withdrawn_inputs") or "[]")
    }
    notes = [
        f"Computed without {dataset} {period}, which was withdrawn on {day}: {reason}"
        for dataset, period, day, reason in sorted(lacked)
    ]
    notes += [] if is_stored else ["No value is stored yet: these were computed now, from the layer as it stands."]
    if is_stored and any(d["is_in_force"] is False for d in datasets):
        notes.append(
            "A dataset was released again since the value was computed: rows and left-out counts are of the layer as it stands."
        )
    if region.note:
        notes.append(region.note)
    partial = [code for side in region.sides for code in side.partial if code not in (region.note or "")]
    if partial:
        notes.append(f"NUTS 3 regions that belong in part and are left out: {', '.join(partial)}.")
    return notes


def _dicts(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise EuregioError("a value has no form in JSON", found=type(value).__name__)
