"""What a run leaves behind, for people at a terminal: indicators per border region, verdicts, and where things are."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import duckdb

from euregio.commands.summary_table import KEY, Line, region_lines, wrapped
from euregio.declarations.regions import load_regions
from euregio.indicators.registry import load_indicators, use_cases
from euregio.publish.atlas.gather import stored_values
from euregio.publish.atlas.layout import load_layout
from euregio.publish.atlas.messages import ENGLISH, load_messages
from euregio.publish.atlas.values_of import Told
from euregio.settings import Settings
from euregio.storage.layer import open_layer

if TYPE_CHECKING:
    from euregio.indicators.values import Value

#: A terminal is filled up to this width; what tells none is written that wide; no table is squeezed below the last.
_WIDEST, _UNTOLD, _NARROWEST = 120, 100, 80
#: From this width on a dataset, its table and its period stand in one line.
_WIDE = 112


def print_summary(settings: Settings) -> None:
    """Print the summary in the terminal's width, with emphasis where it is a terminal."""
    lines = summary(settings, min(shutil.get_terminal_size((_UNTOLD, 24)).columns, _WIDEST))
    if not sys.stdout.isatty():
        print("\n".join(line.text for line in lines))
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True, no_color=bool(os.environ.get("NO_COLOR")))
    for line in lines:
        console.print(line.text, style=line.style or None, markup=False)


def summary(settings: Settings, width: int = _UNTOLD) -> list[Line]:
    """Indicators per region, verdict counts per dataset, the layer's place and how to query it, the atlas, in lines.

    No line of the tables is wider than `width` characters (at least 80). Raises EuregioError where there is no layer.
    """
    with open_layer(settings) as con:
        lines = _regions(stored_values(con), max(width, _NARROWEST))
        lines += _verdicts(con, max(width, _NARROWEST))
    return [*lines, *_places(settings)]


def _regions(values: list[Value], width: int) -> list[Line]:
    layout, words = load_layout(), load_messages(ENGLISH)
    declared = {one.id: one for use_case in use_cases() for one in load_indicators(use_case).values()}
    lines: list[Line] = []
    for region in load_regions().values():
        own: dict[str, list[Value]] = {}
        for value in values:
            if value.region_id == region.id and value.indicator_id in declared:
                own.setdefault(value.indicator_id, []).append(value)
        told = {name: Told(declared[name], region, tuple(found)) for name, found in own.items()}
        groups = [(group, [told[name] for name in members]) for group, members in layout.grouped(list(told))]
        lines += [*region_lines(region, groups, layout, words, width), Line("")]
    return [*lines, *(wrapped(KEY, width, style="dim") if values else []), Line("")]


def _verdicts(con: duckdb.DuckDBPyConnection, width: int) -> list[Line]:
    rows = con.execute(
        "SELECT dataset, table_name, period, rows_in_count, admitted_count, corrected_count, quarantined_count, withheld_count "
        "FROM catalogue.current_release ORDER BY 1, 2"
    ).fetchall()
    if not rows:
        return []
    heads = ("rows", "admitted", "corrected", "quarantined", "not to cross")
    sizes = [max(len(head), *(len(f"{row[3 + n]:,}") for row in rows)) for n, head in enumerate(heads)]
    numbers = [
        "".join(f"{cell:>{size + 2}}" for cell, size in zip((f"{c:,}" for c in row[3:]), sizes, strict=True))
        for row in rows
    ]
    head = "".join(f"{name:>{size + 2}}" for name, size in zip(heads, sizes, strict=True))
    lines: list[Line] = []
    last: tuple[str, str] | None = None
    if width >= _WIDE:
        label = {n: max(len(row[n]) for row in rows) + 2 for n in range(3)}
        named = [f"{d:{label[0]}}{t:{label[1]}}{p}" for d, t, p, *_ in rows]
        room = max(map(len, named))
        lines = [Line(f"{name:{room}}{cells}") for name, cells in zip(named, numbers, strict=True)]
    else:
        room = max(len(row[1]) for row in rows) + 2
        for (dataset, table, period, *_), cells in zip(rows, numbers, strict=True):
            lines += [Line(f"{dataset}, {period}")] if (dataset, period) != last else []
            lines.append(Line(f"  {table:{room - 2}}{cells}"))
            last = (dataset, period)
    title = "What became of the rows"
    return [Line(title, "bold"), Line(f"{'':{room}}{head}", "dim"), *lines, Line("")]


def _places(settings: Settings) -> list[Line]:
    atlas = settings.home / "atlas" / "index.html"
    kind, _, place = settings.layer_catalogue.partition(":")
    said = f"{settings.layer_data}   catalogue {kind}" + (f" {place}" if kind != "postgres" else "")
    found = (
        ("Layer", said),
        ("Query it", '.venv/bin/euregio sql "FROM indicators.value LIMIT 5"'),
        ("", "plain DuckDB, pandas, Polars: docs/how-to/query.md"),
        ("Explain", ".venv/bin/euregio explain point_density upper-rhine"),
        ("Quarantine", ".venv/bin/euregio quarantine DATASET"),
        ("Atlas", str(atlas) + ("" if atlas.is_file() else "   (not published yet)")),
    )
    return [Line(f"{name:12}{text}") for name, text in found]
