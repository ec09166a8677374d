"""Which values are computed without a release that was taken back: so that they say so, until a newer one stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

#: One stored value's place: indicator, region, side.
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Withdrawals:
    """Releases that were retracted and not released again, and which of them stood behind the values stored before."""

    retracted: tuple[dict[str, Any], ...]
    before: dict[Place, frozenset[tuple[str, str]]]

    def of(self, place: Place, inputs: Iterable[dict[str, Any]]) -> str | None:
        """JSON list of the releases that the value at `place`, made of `inputs`, lacks; None where it lacks none.

        A retracted release is lacked where the dataset still stands behind the value, with this period it would be
        the newest or fill a gap; and where nothing of the dataset is left, but the release stood behind the value
        that was stored before (or that value said already that it lacks it).
        """
        if not self.retracted:
            return None
        oldest: dict[str, str] = {}
        for entry in inputs:
            period = entry["period"].partition("..")[0]
            oldest[entry["dataset"]] = min(period, oldest.get(entry["dataset"], period))
        lacked = [
            one
            for one in self.retracted
            if (
                one["period"] >= oldest[one["dataset"]]
                if one["dataset"] in oldest
                else (one["dataset"], one["period"]) in self.before.get(place, ())
            )
        ]
        return json.dumps(lacked, ensure_ascii=False) if lacked else None


def withdrawals(con: duckdb.DuckDBPyConnection, use_case: str) -> Withdrawals:
    """The retractions in force, and what stood behind the newest stored values of the use case."""
    retracted = con.execute(
        """SELECT dataset, period, max_by(reason, retracted_at), strftime(max(retracted_at) AT TIME ZONE 'UTC', '%Y-%m-%d')
           FROM catalogue.retraction ANTI JOIN catalogue.release USING (dataset, period) GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    names = ("dataset", "period", "reason", "retracted_on")
    told = tuple(dict(zip(names, row, strict=True)) for row in retracted)
    return Withdrawals(told, _before(con, use_case, told) if told else {})


def _before(
    con: duckdb.DuckDBPyConnection, use_case: str, retracted: tuple[dict[str, Any], ...]
) -> dict[Place, frozenset[tuple[str, str]]]:
    found: dict[Place, set[tuple[str, str]]] = {}
    stored = con.execute(
        """SELECT DISTINCT indicator_id, region_id, side_id, inputs, withdrawn_inputs FROM indicators.value WHERE use_case = ?
           AND period = (SELECT max(period) FROM indicators.value WHERE use_case = ?)""",
        [use_case, use_case],
    ).fetchall()
    for indicator, region, side, inputs, lacked in stored:
        behind = [*json.loads(inputs), *json.loads(lacked or "[]")]
        for one in retracted:
            if any(entry["dataset"] == one["dataset"] and _covers(entry["period"], one["period"]) for entry in behind):
                found.setdefault((indicator, region, side), set()).add((one["dataset"], one["period"]))
    return {place: frozenset(releases) for place, releases in found.items()}


def _covers(periods: str, period: str) -> bool:
    """Whether `periods`, one or a span `first..last`, holds the period."""
    first, _, last = periods.partition("..")
    return first <= period <= (last or first)
