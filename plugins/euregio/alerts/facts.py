"""What an alert says about a dataset besides the problem: whose, what stands in the layer, what it now degrades."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from euregio.declarations import datasets, regions
from euregio.declarations.datasets import Dataset
from euregio.errors import EuregioError
from euregio.settings import PROJECT, Settings
from euregio.storage.duck import quoted
from euregio.storage.journal import Incident
from euregio.storage.layer import open_layer

#: Regions and indicators are named up to this number, the others counted.
_NAMED = 12


def about(dataset_id: str, tables: Iterable[str], settings: Settings | None = None) -> dict[str, Any]:
    """Facts about a dataset: title, publisher, country, theme, owner, last release, what it degrades.

    `tables` are those that it feeds. Nothing here raises: an alert about a broken declaration or a layer that is
    down must go out too, with what is known.
    """
    try:
        dataset = datasets.dataset(dataset_id)
    except EuregioError:
        country, _, name = dataset_id.partition(".")
        return {
            "dataset": dataset_id,
            "country": country,
            "theme": name.partition("__")[0],
            "owner": "data engineering",
        }
    facts: dict[str, Any] = {
        "dataset": dataset.id, "title": dataset.title, "publisher": dataset.publisher, "country": dataset.country,
        "country_name": country_name(dataset.country), "theme": dataset.theme, "owner": dataset.owner, "homepage": dataset.homepage,
        "access": dataset.access, "format": dataset.format,
    }  # fmt: skip
    facts["last_release"], facts["layer"] = last_release(dataset_id, settings)
    facts["degrades"] = degraded(dataset, tables) if facts["last_release"] else []
    return facts


def about_use_case(use_case: str, dag_id: str) -> dict[str, Any]:
    """The same facts for the indicators of a use case."""
    return {
        "dataset": dag_id, "title": f"Indicators of the use case {use_case}", "publisher": "", "country": "eu",
        "country_name": country_name("eu"), "theme": use_case, "owner": "data engineering",
    }  # fmt: skip


def last_release(dataset_id: str, settings: Settings | None = None) -> tuple[dict[str, Any] | None, str]:
    """The release in force (period, instant, rows), and in a word why it is not known where it is not."""
    try:
        with open_layer(settings or Settings()) as con:
            found = con.execute(
                "SELECT period, CAST(max(released_at) AS VARCHAR), sum(released_count) FROM catalogue.release "
                f"WHERE dataset = {quoted(dataset_id)} GROUP BY period ORDER BY period DESC LIMIT 1"
            ).fetchone()
    except EuregioError as error:
        return None, "nothing was released yet" if error.what == "there is no layer yet" else "the layer cannot be read"
    except Exception:  # the layer may be what is broken; the alert goes out without it
        return None, "the layer cannot be read"
    if found is None:
        return None, "nothing of it was released yet"
    at = datetime.fromisoformat(found[1]).astimezone(UTC).isoformat(timespec="seconds")
    return {"period": found[0], "released_at": at, "rows": int(found[2] or 0)}, ""


def samples(incident: Incident) -> list[str]:
    """Rows that were noted with an incident; none where the dataset is closed by now, or no longer declared."""
    noted = [str(row) for row in incident.facts.get("samples") or []]
    if not noted:
        return []
    try:
        declared = datasets.dataset(incident.dataset)
    except EuregioError:
        return []
    return noted if declared.licence and declared.access == "open" else []


def degraded(dataset: Dataset, tables: Iterable[str]) -> list[dict[str, Any]]:
    """Indicators that read a table which the dataset feeds, with the region sides that lie in its country.

    A European dataset (country `eu`) concerns every side. An empty list where none does.
    """
    from euregio.indicators import registry

    fed = {f"core.{table}" for table in tables}
    try:
        indicators = [one for use_case in registry.use_cases() for one in registry.load_indicators(use_case).values()]
        sides = [
            f"{region.name()} ({side.name()})"
            for region in regions.load_regions().values()
            for side in region.sides
            if dataset.country_code in (None, side.country)
        ]
    except (EuregioError, OSError):
        return []
    reads = {one.id: {f"core.{name}" for name in one.tables} for one in indicators}
    found = [one for one in indicators if reads[one.id] & fed]
    return [{"indicator": one.id, "title": one.title(), "sides": sides[:_NAMED]} for one in found] if sides else []


@functools.cache
def _countries(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["alpha2"].lower(): row["name"] for row in csv.DictReader(file)}


def country_name(folder: str) -> str:
    """English name of a country's folder code; Europe for `eu`."""
    return "Europe" if folder == "eu" else _countries(PROJECT / "include" / "codes" / "country.csv").get(folder, folder)
