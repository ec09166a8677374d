"""What a run leaves behind, for people at a terminal: indicators per border region, verdicts, and where things are."""

from __future__ import annotations

import duckdb

from euregio.declarations.regions import Region, load_regions
from euregio.settings import Settings
from euregio.storage.duck import quoted
from euregio.storage.layer import open_layer


def summary(settings: Settings) -> str:
    """Tables of indicators per region, verdict counts per dataset, the layer's place and how to query it."""
    with open_layer(settings) as con:
        parts = [_region(con, region) for region in load_regions().values()]
        parts.append(_verdicts(con))
    parts.append(_places(settings))
    return "\n\n".join(part for part in parts if part)


def _region(con: duckdb.DuckDBPyConnection, region: Region) -> str:
    sides = [side.id for side in region.sides] + ["whole"]
    rows = con.execute(f"""
        SELECT indicator_id, dimension, any_value(unit), map_from_entries(list((side_id, CASE WHEN status = 'published' THEN value END))),
               max(CASE WHEN status = 'withheld' THEN reason END)
        FROM indicators.value
        WHERE region_id = {quoted(region.id)} AND side_kind IN ('side', 'whole')
          AND period = (SELECT max(period) FROM indicators.value WHERE region_id = {quoted(region.id)})
        GROUP BY indicator_id, dimension ORDER BY indicator_id, dimension""").fetchall()
    if not rows:
        return f"{region.title['en']}: no indicators yet"
    names = [f"{indicator} {dimension}".strip() for indicator, dimension, *_ in rows]
    width = max(len(name) for name in names)
    lines = [f"{region.title['en']}", f"  {'':{width}}  " + "".join(f"{side:>12}" for side in sides) + "  unit"]
    for name, (_, _, unit, values, reason) in zip(names, rows, strict=True):
        cells = "".join(f"{_figure(values.get(side)):>12}" for side in sides)
        lines.append(f"  {name:{width}}  {cells}  {unit}" + (f"   – withheld: {reason}" if reason else ""))
    return "\n".join(lines)


def _verdicts(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute(
        "SELECT dataset, table_name, period, rows_in_count, admitted_count, corrected_count, quarantined_count, withheld_count "
        "FROM catalogue.current_release ORDER BY 1, 2"
    ).fetchall()
    if not rows:
        return ""
    lines = [
        f"{'dataset':36}{'table':22}{'period':20}{'rows':>10}{'admitted':>10}{'corrected':>10}{'quarantined':>12}{'withheld':>10}"
    ]
    lines += [f"{d:36}{t:22}{p:20}{r:>10,}{a:>10,}{c:>10,}{q:>12,}{w:>10,}" for d, t, p, r, a, c, q, w in rows]
    return "\n".join(lines)


def _places(settings: Settings) -> str:
    atlas = settings.home / "atlas" / "index.html"
    kind, _, place = settings.layer_catalogue.partition(":")
    return "\n".join(
        (
            f"Layer      {settings.layer_data}   catalogue {kind}" + (f" {place}" if kind != "postgres" else ""),
            'Query it   .venv/bin/euregio sql "FROM indicators.value LIMIT 5"     (plain DuckDB, pandas, Polars: docs/how-to/query.md)',
            "Explain    .venv/bin/euregio explain point_density upper-rhine",
            f"Atlas      {atlas}" + ("" if atlas.is_file() else "   (not published yet)"),
        )
    )


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
