"""Data notes of a region: each dataset with publisher, licence, credit, freshness and what became of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from euregio.declarations.regions import Region
from euregio.indicators.values import Value
from euregio.publish.atlas.gather import Release, Releases
from euregio.publish.atlas.messages import Messages
from euregio.publish.atlas.values_of import inputs

#: Reasons that are listed of a dataset's quarantine.
_REASONS = 3


def notes(values: Iterable[Value], releases: Releases, words: Messages) -> list[dict[str, Any]]:
    """One entry per dataset and table that stands behind the values, its latest period."""
    keys: dict[tuple[str, str], str] = {}
    for value in values:
        for entry in inputs(value):
            place, period = (entry["dataset"], entry["table"]), entry["period"].rpartition("..")[2]
            keys[place] = max(keys.get(place, ""), period)
    found = [releases[(*place, period)] for place, period in sorted(keys.items()) if (*place, period) in releases]
    # One batch gives several tables: stations are told with their points.
    return [_note(release, words) for release in found]


def _note(release: Release, words: Messages) -> dict[str, Any]:
    parts = [
        (verdict, count)
        for verdict, count in (
            ("admitted", max(0, release.admitted_count - release.withheld_count)),
            ("corrected", release.corrected_count),
            ("quarantined", release.quarantined_count),
            ("withheld", release.withheld_count),
        )
        if count
    ]
    total = release.rows_in_count
    at, bars = 0.0, []
    for verdict, count in parts:
        width = 100 * count / total if total else 0.0
        bars.append({"verdict": verdict, "x": round(at, 3), "width": round(width, 3)})
        at += width
    said = [
        words("rows_part", count=words.count(count), verdict=words.word("verdicts", verdict))
        for verdict, count in parts
    ]
    reasons = [
        words("reason_count", reason=reason.replace("_", " "), count=words.count(count))
        for reason, count in release.reasons.items()
    ]
    return {
        "title": release.title,
        "dataset": release.dataset,
        "publisher": release.publisher,
        "table": words.word("tables", release.table_name),
        "licence": release.licence_id or words("licence_none"),
        "licence_url": release.licence_url or "",
        "credit": release.attribution or "",
        "period": release.period,
        "retrieved": words("retrieved", when=instant(release.retrieved_at or release.released_at)),
        "updated": words("source_updated", when=instant(release.source_updated_at))
        if release.source_updated_at
        else words("source_not_updated"),
        "rows_in": words("rows_in", count=words.count(total)),
        "parts": list(zip([verdict for verdict, _ in parts], said, strict=True)),
        "bars": bars,
        "alt": words("verdicts_alt", total=words.count(total), parts=", ".join(said)),
        "reasons": words("quarantine_reasons", reasons=", ".join(reasons[:_REASONS])) if reasons else "",
    }


def credits(values: Iterable[Value], releases: Releases) -> list[str]:
    """Credit lines as the licences ask, each once."""
    keys = {(entry["dataset"], entry["table"], entry["period"]) for value in values for entry in inputs(value)}
    found = [releases[key] for key in sorted(keys) if key in releases]
    return sorted(
        {
            f"{release.attribution or release.publisher} ({release.licence_id})"
            for release in found
            if release.licence_id
        }
    )


def region_notes(region: Region, words: Messages) -> list[str]:
    """Where the region's membership is described, how sure it is, and what is left out."""
    partial = [code for side in region.sides for code in side.partial]
    return [
        words("region_reference", reference=region.reference),
        words("region_sure", sure=words.percent(region.sure)),
        *([words("region_partial", codes=", ".join(partial))] if partial else []),
        *([region.note] if region.note else []),
    ]


def instant(when: datetime) -> str:
    """An instant as ISO 8601 to the minute, UTC."""
    return f"{when:%Y-%m-%d %H:%M}"
