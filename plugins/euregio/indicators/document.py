"""docs/indicators.md, made from the indicators' own headers."""

from __future__ import annotations

from collections.abc import Iterator

from euregio.declarations.regions import load_regions
from euregio.indicators.registry import Floor, Indicator, Parameter, load_indicators, use_cases

_INTRODUCTION = """# Indicators

Made from the headers in `include/sql/indicators/` by `make docs`; do not edit.

Every indicator is given for each side of a border region, for the whole, and as a contrast of each two sides. A value is
**withheld**, with the reason, where a side has no data, where too few rows have what it needs (coverage), or where too few rows
lie behind it; missing is never zero. The whole is given only where every side is. Rows lie in `indicators.value`;
`euregio explain INDICATOR REGION` traces them.

An indicator is one SQL file. It creates the view `rows_behind`, which has a row for everything that goes into the value
or is left out of it (`role`: used, missing, excluded; `why`), and its last statement computes the values over that view, so
that the rows shown are the rows counted. To run one in the DuckDB shell on the layer:

    python -m euregio.indicators.script point_density upper-rhine | euregio sql

Distances and the areas of bands are measured in EPSG:3035 (equal area), on the generalised boundaries of the NUTS dataset."""


def document() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield from _regions()
    for use_case in use_cases():
        indicators = load_indicators(use_case)
        yield f"\n## Use case {use_case}\n"
        yield "| indicator | title | unit | better | contrast |\n|---|---|---|---|---|"
        for one in indicators.values():
            yield f"| [`{one.id}`](#{one.id}) | {one.title()} | {one.header.unit} | {one.header.better} | {one.header.contrast} |"
        for one in indicators.values():
            yield from _indicator(one)


def _regions() -> Iterator[str]:
    yield "\n## Border regions\n"
    yield "| region | sides | members (NUTS 3) | left out: belong in part | how sure |\n|---|---|---|---|---|"
    for region in load_regions().values():
        sides = "; ".join(f"{side.id} ({side.name()})" for side in region.sides)
        members = "; ".join(f"{side.id}: {', '.join(side.nuts3)}" for side in region.sides)
        partial = ", ".join(code for side in region.sides for code in side.partial) or "none"
        yield f"| {region.name()} (`{region.id}`) | {sides} | {members} | {partial} | {region.sure:.0%} |"
    yield "\nOf each, `include/regions/` says where the membership is described and what is uncertain.\n"


def _indicator(one: Indicator) -> Iterator[str]:
    header = one.header
    yield f"\n### {one.id}\n\n**{one.title()}**, version {header.version}. {' '.join(header.definition.split())}\n"
    yield f"- Unit: {header.unit}{' (shares and ratios)' if header.unit == '1' else ''}; contrast: {_CONTRASTS[header.contrast]}"
    named = [f"`{name}` ({one.dimension(name)})" for name in header.dimensions if name]
    if named:
        yield f"- Numbers: {', '.join(named)}"
    yield f"- Reference: {header.reference}"
    yield f"- Made from: {', '.join(f'`{table}`' for table in header.inputs)}"
    yield f"- Coverage: {header.coverage}. Published from {_floor(header.floor)} on."
    for parameter in one.parameters:
        yield _parameter(parameter)


def _floor(floor: Floor) -> str:
    # A least coverage of zero withholds nothing.
    return f"coverage {floor.coverage:g} and {floor.rows}" if floor.coverage else floor.rows


def _parameter(parameter: Parameter) -> str:
    return f"- Parameter `{parameter.name}` = `{parameter.value}` {parameter.unit}. {parameter.source}"


_CONTRASTS = {
    "ratio": "first side / second side",
    "difference": "first side - second side",
    "min_max": "smaller / larger",
}
