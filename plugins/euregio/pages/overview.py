"""All datasets in one list: state, freshness, last release, verdicts, trend, open incidents; the broken ones first."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from euregio.alerts.facts import country_name
from euregio.alerts.silence import Silence, silence
from euregio.declarations import datasets
from euregio.declarations.datasets import Dataset
from euregio.declarations.profiles import Profile, load_profile
from euregio.pages.incidents import SILENT, line_of
from euregio.pages.models import Counts, DatasetLine, IncidentLine, Overview, Release, State
from euregio.pages.sources import Known, Layer, asked_layer, incidents
from euregio.settings import Settings

#: The broken ones first; a dataset of which nothing is wrong comes after one that is due.
ORDER: tuple[State, ...] = (
    "failing", "stale", "late", "due", "never released", "early", "not watched", "withdrawn", "never publishes",
)  # fmt: skip
#: So many releases make a trend.
TREND = 30
RELEASE = """table_name AS "table", period, run_id, batch_id, released_at, snapshot_id, retrieved_at, withheld_reason,
    rows_in_count, admitted_count, corrected_count, quarantined_count, withheld_count, released_count"""


def overview(known: Known, settings: Settings) -> Overview:
    """Every declared dataset that the user may read."""
    profile = load_profile(settings.profile)
    found, journal = incidents(settings, open_only=True)
    with asked_layer(settings) as layer:
        history, news = _history(layer), _news(layer)
    mine = open_of(found)
    lines = [
        line(dataset, known, profile, history.get(dataset.id, []), news.get(dataset.id), mine.get(dataset.id, []))
        for dataset in datasets.load_datasets()
        if known.may_read(dataset.id)
    ]
    lines.sort(key=lambda one: (ORDER.index(one.state), -len(one.incidents), one.country, one.theme, one.id))
    return Overview(at=known.at, profile=settings.profile, layer=layer.why, journal=journal, datasets=lines)


def open_of(found: list[Any]) -> dict[str, list[IncidentLine]]:
    """Open incidents by dataset; those of several datasets (`de.*`, `*`) stand with each that they name."""
    mine: dict[str, list[IncidentLine]] = defaultdict(list)
    for one in found:
        for name in {one.dataset, *(one.facts.get("datasets") or [] if one.dataset.endswith("*") else [])}:
            mine[name].append(line_of(one))
    return mine


def line(
    dataset: Dataset, known: Known, profile: Profile, history: list[Release], news: datetime | None, mine: list[IncidentLine]
) -> DatasetLine:  # fmt: skip
    """One dataset's line. `history` are its releases, the oldest first; `news` since when its data stand."""
    watched = profile.kind != "files" and profile.serves(dataset)
    quiet = _silence(dataset, known, history, news) if watched else None
    state, since = _state(watched, quiet, history, mine)
    current = [one for one in history if one.period == history[-1].period]
    last = max((one.released_at for one in current), default=None)
    main = _main(history)
    return DatasetLine(
        id=dataset.id, title=dataset.title, publisher=dataset.publisher, country=dataset.country,
        country_name=country_name(dataset.country), theme=dataset.theme, owner=dataset.owner, access=dataset.access,
        rhythm=dataset.rhythm, state=state, since=since, late_at=quiet.late_at if quiet else None, news_at=news, released_at=last,
        period=current[-1].period if current else None, run_id=current[-1].run_id if current else None,
        counts=_sum(current), trend=[one for one in history if one.table == main][-TREND:], incidents=mine,
        last_run=known.last_runs.get(dataset.id),
    )  # fmt: skip


def releases_of(layer: Layer, dataset_id: str) -> tuple[list[Release], datetime | None]:
    """All releases of a dataset, the oldest first, and since when its data stand."""
    history = _history(layer, dataset_id).get(dataset_id, [])
    return history, _news(layer).get(dataset_id)


def _history(layer: Layer, dataset_id: str | None = None) -> dict[str, list[Release]]:
    wanted, values = ("WHERE dataset = ?", [dataset_id]) if dataset_id else ("", [])
    found: dict[str, list[Release]] = defaultdict(list)
    for row in layer.rows(
        f"""SELECT dataset, {RELEASE} FROM catalogue.release {wanted}
            QUALIFY row_number() OVER (PARTITION BY dataset, table_name ORDER BY period DESC) <= 200
            ORDER BY dataset, period, released_at""",
        *values,
    ):
        found[row.pop("dataset")].append(Release(**row))
    return found


def _news(layer: Layer) -> dict[str, datetime]:
    """Since when data stand: as the watch reckons (alerts.round.releases)."""
    rows = layer.rows(
        """SELECT dataset, coalesce(max(source_updated_at) FILTER (table_name = 'status_observation'),
                                    max(retrieved_at), max(released_at)) AS news
           FROM catalogue.current_release GROUP BY dataset"""
    )
    return {row["dataset"]: row["news"] for row in rows}


def _silence(dataset: Dataset, known: Known, history: list[Release], news: datetime | None) -> Silence | None:
    seen = [at for at in (known.looks.get(dataset.id), *(one.released_at for one in history)) if at]
    looked = max(seen, default=None)
    cron = known.cron(dataset.rhythm)
    return silence(dataset.rhythm, cron, dataset.service, dataset.time_zone, looked, news, known.at)


def _state(
    watched: bool, quiet: Silence | None, history: list[Release], mine: list[IncidentLine]
) -> tuple[State, datetime | None]:
    broken = [one for one in mine if one.severity != "info" and one.kind not in SILENT]
    if broken:
        return "failing", min(one.opened_at for one in broken)
    if not watched or quiet is None:
        return "not watched", None
    if not history and quiet.state in ("due", "early"):
        return "never released", None
    return quiet.state, quiet.since


def _main(history: list[Release]) -> str | None:
    """The table of most rows: whose trend tells most."""
    return max(history, key=lambda one: one.rows_in_count).table if history else None


def _sum(current: list[Release]) -> Counts | None:
    if not current:
        return None
    return Counts(**{name: sum(getattr(one, name) for one in current) for name in Counts.model_fields})
