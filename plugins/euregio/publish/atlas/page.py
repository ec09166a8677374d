"""Writes the atlas: one self-contained HTML page per border region and language, and index.html."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from euregio.declarations.profiles import load_profile
from euregio.declarations.regions import Region, load_regions
from euregio.indicators.registry import Indicator, load_indicators, use_cases
from euregio.indicators.values import Value
from euregio.publish.atlas.cards import as_csv, card, data_uri
from euregio.publish.atlas.chart import FORMS
from euregio.publish.atlas.gather import Releases, releases, stored_values, titles_of
from euregio.publish.atlas.headline import comparability, headline, weightiest
from euregio.publish.atlas.layout import load_layout
from euregio.publish.atlas.map_data import Map, draw
from euregio.publish.atlas.map_view import map_view
from euregio.publish.atlas.messages import ENGLISH, FOLDER, Messages, language_name, languages, load_messages
from euregio.publish.atlas.notes import credits, instant, notes, region_notes
from euregio.publish.atlas.render import GENERATOR, render
from euregio.publish.atlas.values_of import Told, say_reason, say_withdrawn, side_name
from euregio.settings import Settings


def write_atlas(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    regions: dict[str, Region] | None = None,
    messages: Path = FOLDER,
    is_sandbox: bool | None = None,
) -> Path:
    """Write the atlas of all declared regions (or of `regions`) into `folder`; gives the path of index.html.

    `con` has the layer as its current database and the spatial extension loaded; only TEMP tables are made. Each page
    replaces its predecessor in one step, index.html last; pages of regions that are no longer declared are removed.
    `messages` is the folder of languages; `is_sandbox` marks the data as simulated (by the profile where None).
    """
    declared = load_regions() if regions is None else regions
    simulated = load_profile(Settings().profile).kind == "sandbox" if is_sandbox is None else is_sandbox
    indicators = {name: one for use_case in use_cases() for name, one in load_indicators(use_case).items()}
    values, known = stored_values(con), releases(con)
    folder.mkdir(parents=True, exist_ok=True)
    spoken = languages(messages)
    written: dict[str, str] = {}
    for region in _most_told_first(declared, values):
        mine = [value for value in values if value.region_id == region.id and value.indicator_id in indicators]
        drawn = draw(con, region)
        for language in spoken:
            words = load_messages(language, messages)
            context = region_page(region, mine, indicators, known, drawn, words)
            context |= _frame(declared, region, language, spoken, messages, simulated)
            html = render(context, words)
            written[file_name(region.id, language)] = html
            written.setdefault("index.html" if language == ENGLISH else f"index.{language}.html", html)
    for name in sorted(written, key=lambda name: name == "index.html"):
        _replace(folder / name, written[name])
    _remove_old(folder, set(written))
    return folder / "index.html"


def file_name(region_id: str, language: str) -> str:
    """Name of a region's page: English has no mark."""
    return f"{region_id}.html" if language == ENGLISH else f"{region_id}.{language}.html"


def region_page(
    region: Region,
    values: list[Value],
    indicators: dict[str, Indicator],
    known: Releases,
    drawn: Map | None,
    words: Messages,
) -> dict[str, Any]:
    """What the template shows of one region in one language."""
    layout = load_layout()
    by_indicator: dict[str, list[Value]] = {}
    for value in values:
        by_indicator.setdefault(value.indicator_id, []).append(value)
    told = {name: Told(indicators[name], region, tuple(found)) for name, found in by_indicator.items()}
    lead, caveats = headline(told.values(), layout, words)
    first = weightiest(told.values(), layout)
    lacked = say_withdrawn(values, titles_of(known), words)
    differing = comparability(told.values(), layout, words)
    silent = _silent(told.get(layout.map_indicator), region, words)
    groups = [
        {"id": group, "title": words(f"group_{group}"), "about": words(f"about_{group}"),
         "cards": [card(told[name], known, differing, words) for name in names]}
        for group, names in layout.grouped(sorted(told))
    ]  # fmt: skip
    return {
        "region": region.name(words.language),
        "region_id": region.id,
        "lead": lead if told else words("no_values"),
        "caveats": [*caveats, *lacked] if told else [],
        "sides": [_side(region, number, drawn, silent, words) for number in range(len(region.sides))],
        "groups": groups,
        "map": map_view(drawn, region, silent, words, first[0].indicator.id if first else None) if drawn else None,
        "notes": notes(values, known, words),
        "credits": credits(values, known),
        "region_notes": [*lacked, *region_notes(region, words)],
        "computed": words(
            "computed", computed=instant(max(value.computed_at for value in values)), period=", ".join(sorted({v.period for v in values}))
        ) if values else "",
        "csv": data_uri(as_csv(values)),
        "csv_name": region.id,
    }  # fmt: skip


def _side(region: Region, number: int, drawn: Map | None, silent: dict[str, str], words: Messages) -> dict[str, Any]:
    side = region.sides[number]
    count = sum(drawn.numbers[code]["points_count"] for code in side.nuts3 if code in drawn.numbers) if drawn else None
    text = words("side_silent")
    if side.id not in silent and count is not None:
        text = words("side_points_one") if count == 1 else words("side_points", count=words.count(count))
    form = FORMS[number % len(FORMS)]
    return {
        "name": side_name(region, side.id, words),
        "text": text,
        "form": form,
        "colour": f"side{number % len(FORMS)}",
        "is_silent": side.id in silent,
    }


def _silent(told: Told | None, region: Region, words: Messages) -> dict[str, str]:
    """Sides of whose points nothing is known, and why."""
    if told is None:
        return {side.id: words("no_values").rstrip(".") for side in region.sides}
    first = told.dimensions()[0]
    return {v.side_id: say_reason(v.reason, region, words) for v in told.of(first, "side") if v.value is None}


def _frame(
    declared: dict[str, Region], region: Region, language: str, spoken: list[str], messages: Path, simulated: bool
) -> dict[str, Any]:
    """What stands around every region's page: the other regions, the other languages."""
    return {
        "language": language,
        "navigation": [(one.name(language), file_name(one.id, language), one.id == region.id) for one in declared.values()],
        "languages": [(language_name(one, messages), one, file_name(region.id, one), one == language) for one in spoken],
        "simulated": simulated,
    }  # fmt: skip


def _most_told_first(declared: dict[str, Region], values: list[Value]) -> list[Region]:
    """Regions with the most published values first: the first is what index.html shows."""
    counts = {name: sum(v.region_id == name and v.value is not None for v in values) for name in declared}
    return sorted(declared.values(), key=lambda region: (-counts[region.id], region.id))


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remove_old(folder: Path, written: set[str]) -> None:
    for path in folder.glob("*.html"):
        if path.name not in written and GENERATOR in path.read_text(encoding="utf-8", errors="replace")[:2000]:
            path.unlink()
