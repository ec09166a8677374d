"""Reads from the layer what the atlas tells: stored values, releases and why rows were kept back."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import duckdb

from euregio.indicators.values import Value


@dataclass(frozen=True)
class Release:
    """What the catalogue says of one dataset, table and period. Counts are rows; instants are UTC."""

    dataset: str
    table_name: str
    period: str
    run_id: str
    title: str
    publisher: str
    licence_id: str | None
    licence_url: str | None
    attribution: str | None
    access_class: str
    released_at: datetime
    retrieved_at: datetime | None
    source_updated_at: datetime | None
    snapshot_id: int | None
    rows_in_count: int
    admitted_count: int
    corrected_count: int
    quarantined_count: int
    withheld_count: int
    released_count: int
    reasons: dict[str, int] = field(default_factory=dict)


#: Releases by dataset, table and period.
Releases = dict[tuple[str, str, str], Release]


def stored_values(con: duckdb.DuckDBPyConnection) -> list[Value]:
    """The values in the layer, of each indicator and region those of the latest period."""
    names = {one.name for one in fields(Value)}
    result = con.execute(
        """SELECT * FROM indicators.value
           QUALIFY period = max(period) OVER (PARTITION BY use_case, indicator_id, region_id)
           ORDER BY indicator_id, region_id, dimension, side_id"""
    )
    # a layer that nobody wrote into since an upgrade lacks the newest columns, which may be absent
    have = [column[0] for column in result.description or ()]
    return [
        Value(**{name: cell for name, cell in zip(have, row, strict=True) if name in names})
        for row in result.fetchall()
    ]


def releases(con: duckdb.DuckDBPyConnection) -> Releases:
    """All releases that the catalogue holds, with the reasons why rows were quarantined, most frequent first."""
    reasons: dict[tuple[str, str, str], dict[str, int]] = {}
    for dataset, table, period, reason, count in con.execute(
        """SELECT dataset, table_name, period, reason, rows_count FROM quality.verdict
           WHERE verdict = 'quarantined' AND reason <> '' ORDER BY rows_count DESC, reason"""
    ).fetchall():
        reasons.setdefault((dataset, table, period), {})[reason] = count
    names = [one.name for one in fields(Release) if one.name != "reasons"]
    found: Releases = {}
    for row in con.execute(f"SELECT {', '.join(names)} FROM catalogue.release").fetchall():
        facts: dict[str, Any] = dict(zip(names, row, strict=True))
        key = (facts["dataset"], facts["table_name"], facts["period"])
        found[key] = Release(**facts, reasons=reasons.get(key, {}))
    return found


def titles_of(releases: Releases) -> dict[str, str]:
    """Titles of datasets by their ids."""
    return {release.dataset: release.title for release in releases.values()}


def release_of(releases: Releases, dataset: str, table: str, period: str) -> Release | None:
    """The release of a table; of one that is derived (stations, sites), the release that it came with."""
    exact = releases.get((dataset, table, period))
    same = (one for (of, _, when), one in releases.items() if (of, when) == (dataset, period))
    return exact or next(same, None)
