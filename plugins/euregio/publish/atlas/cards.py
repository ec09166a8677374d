"""Makes an indicator's card: the sentence, one chart per dimension, contrasts, the table behind, and the trace."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

from euregio.declarations.regions import WHOLE
from euregio.indicators.registry import Floor
from euregio.indicators.values import Value, contrast_unit
from euregio.publish.atlas.chart import FORMS, WHOLE_FORM, Row, scale
from euregio.publish.atlas.gather import Releases, release_of, titles_of
from euregio.publish.atlas.messages import Messages
from euregio.publish.atlas.values_of import Told, base, facing, inputs, say_reason, say_title, say_withdrawn, side_name

#: A value nearer to zero than this is shown as less than it; tables have it exactly.
_TINY = 0.001
#: More contrasts than this are left to the table.
_MOST_CONTRASTS = 6


def card(told: Told, releases: Releases, notes: list[str], words: Messages) -> dict[str, Any]:
    """Everything that the template shows of one indicator, as ready texts and numbers for places."""
    header = told.indicator.header
    charts = [_chart(told, dimension, words) for dimension in told.dimensions()]
    return {
        "id": header.id,
        "title": told.indicator.title(words.language),
        "sentence": say_title(told, words),
        "unit": unit_of(told, words),
        "is_withheld": not told.published,
        "charts": charts,
        "reasons": _reasons(told, words),
        "lacked": say_withdrawn(told.values, titles_of(releases), words),
        "period": " / ".join(sorted({value.period for value in told.values})),
        "coverage": _coverage(told, words),
        "rows": [_table_row(told, value, words) for value in told.values if value.side_kind != "contrast"],
        "shown_contrasts": _MOST_CONTRASTS,
        "contrasts": [_contrast(told, value, words) for value in told.values if value.side_kind == "contrast"],
        "csv": data_uri(as_csv(told.values)),
        "trace": _trace(told, releases, notes, words),
    }


def _reasons(told: Told, words: Messages) -> list[str]:
    """Why values are withheld: each reason once, with the sides that it holds for; the whole only where no side says it."""
    sides: dict[str, list[str]] = {}
    for value in (one for dimension in told.dimensions() for one in told.of(dimension, "side")):
        if value.value is None:
            reason = say_reason(value.reason, told.region, words)
            names = sides.setdefault(reason, [])
            if (name := side_name(told.region, value.side_id, words)) not in names:
                names.append(name)
    found = [words("side_why", sides=", ".join(names), reason=reason) for reason, names in sides.items()]
    for value in told.values:
        if value.side_kind == "whole" and value.value is None:
            inherited = any(
                (value.reason or "").startswith(f"{v.side_id}: {v.reason}")
                for v in told.values
                if v.side_kind == "side" and v.value is None
            )
            reason = words("whole_needs_sides") if inherited else say_reason(value.reason, told.region, words)
            text = words("side_why", sides=words("whole"), reason=reason)
            if text not in found:
                found.append(text)
    return found


def unit_of(told: Told, words: Messages) -> str:
    """The unit of the indicator's values as people read it."""
    header = told.indicator.header
    return words.word("units", "percent" if header.shown_as == "percent" else header.unit)


def shown(told: Told, value: float, words: Messages, digits: int = 3) -> str:
    """A value in its unit's form: a percentage where the indicator's header says so."""
    if 0 < abs(value) < _TINY and digits <= 3:
        return words("tiny", value=shown(told, _TINY, words))
    return words.percent(value, digits) if told.indicator.header.shown_as == "percent" else words.number(value, digits)


def _chart(told: Told, dimension: str, words: Messages) -> dict[str, Any]:
    is_share = told.indicator.header.shown_as == "percent"
    # All dimensions stand on one scale, so that they can be compared with each other too.
    axis = scale([v.value for v in told.published if v.value is not None], share=is_share)
    values = [*told.of(dimension, "side"), *told.of(dimension, "whole")]
    rows = []
    for value in values:
        to = facing(value.dimension)
        label = side_name(told.region, value.side_id, words)
        if to:
            label = words("towards", side=label, other=told.region.side(to).name(words.language))
        form, colour = form_of(told, value.side_id)
        rows.append(
            Row(
                value.side_id, label, form, colour,
                words("withheld") if value.value is None else shown(told, value.value, words),
                None if value.value is None else axis.place(value.value),
                words.count(value.n),
            )
        )  # fmt: skip
    name = told.indicator.dimension(dimension, words.language)
    return {
        "name": name[:1].upper() + name[1:],
        "rows": rows,
        "ticks": []
        if not any(row.place is not None for row in rows)
        else [(axis.place(t), shown(told, t, words)) for t in axis.ticks],
        "zero": axis.place(0),
        "alt": "; ".join(f"{row.label}: {row.shown}" for row in rows),
    }


def form_of(told: Told, side_id: str) -> tuple[str, str]:
    """Form and colour class of a side's marks; the whole has its own."""
    if side_id == WHOLE:
        return WHOLE_FORM, "whole"
    number = [side.id for side in told.region.sides].index(side_id)
    return FORMS[number % len(FORMS)], f"side{number % len(FORMS)}"


def _coverage(told: Told, words: Messages) -> str:
    known = sorted(v.coverage for v in told.values if v.side_kind == "side" and v.coverage is not None)
    if not known:
        return words("coverage_none")
    low, high = words.percent(known[0]), words.percent(known[-1])
    return low if low == high else words("from_to", low=low, high=high)


def _table_row(told: Told, value: Value, words: Messages) -> dict[str, Any]:
    to = facing(value.dimension)
    return {
        "dimension": told.indicator.dimension(base(value.dimension), words.language),
        "side": side_name(told.region, value.side_id, words) if not to
        else words("towards", side=side_name(told.region, value.side_id, words), other=told.region.side(to).name(words.language)),
        "value": words("withheld") if value.value is None else shown(told, value.value, words, 6),
        "n": words.count(value.n),
        "coverage": words("no_value") if value.coverage is None else words.percent(value.coverage, 4),
        "reason": "" if value.value is not None else say_reason(value.reason, told.region, words),
    }  # fmt: skip


def _contrast(told: Told, value: Value, words: Messages) -> dict[str, Any]:
    kind = told.indicator.header.contrast
    first, _, second = value.side_id.partition(":")
    text = words("withheld")
    if value.value is not None and kind == "difference":
        by_hundred = contrast_unit(told.indicator) == "1" and told.indicator.header.shown_as == "percent"
        unit = words.word("units", "points_of_percent" if by_hundred else contrast_unit(told.indicator))
        text = f"{words.number(value.value * (100 if by_hundred else 1))} {unit}"
        text = f"+{text}" if value.value > 0 else text
    elif value.value is not None:
        text = words(f"contrast_{kind}", value=words.number(value.value))
    return {
        "pair": words(
            "pair", first=side_name(told.region, first, words), second=told.region.side(second).name(words.language)
        ),
        "dimension": told.indicator.dimension(value.dimension, words.language),
        "value": text,
        "reason": "" if value.value is not None else say_reason(value.reason, told.region, words),
    }


def _floor(floor: Floor, words: Messages) -> str:
    if floor.each:
        return words("floor_each", coverage=words.percent(floor.coverage), n=words.count(floor.n), each=floor.each)
    return words("floor", coverage=words.percent(floor.coverage), n=words.count(floor.n))


def _trace(told: Told, releases: Releases, notes: list[str], words: Messages) -> dict[str, Any]:
    header = told.indicator.header
    merged: dict[tuple[str, str, str], dict[str, Any]] = {}
    # The whole comes last: its counts are those of all sides together.
    order = {"contrast": 0, "side": 1, "whole": 2}
    for value in sorted(told.values, key=lambda one: order[one.side_kind]):
        for entry in inputs(value):
            merged[entry["dataset"], entry["table"], entry["period"]] = entry
    sources = []
    for key, entry in sorted(merged.items()):
        release = release_of(releases, *key)
        sources.append({
            "dataset": entry["dataset"],
            "title": release.title if release else entry["dataset"],
            "publisher": release.publisher if release else "",
            "table": words.word("tables", entry["table"]),
            "period": entry["period"],
            "snapshot": words("no_value") if entry["snapshot_id"] is None else str(entry["snapshot_id"]),
            "rows": words.count(entry["rows"]),
            "missing": words.count(entry["missing"]),
            "excluded": words.count(entry["excluded"]),
            "licence": (release.licence_id if release else None) or words("no_value"),
            "is_old": bool(release and release.run_id != entry["run_id"] and entry["run_id"]),
        })  # fmt: skip
    return {
        "definition": " ".join(header.definition.split()),
        "reference": header.reference,
        "coverage": header.coverage,
        "floor": _floor(header.floor, words),
        "parameters": [(p.name, p.value, p.unit, p.source) for p in told.indicator.parameters],
        "sources": sources,
        "notes": notes if told.indicator.needs_points else [],
        "version": header.version,
        "run": ", ".join(sorted({value.run_id for value in told.values})),
        "command": f"euregio explain {header.id} {told.region.id}",
    }


def as_csv(values: tuple[Value, ...] | list[Value]) -> str:
    """Values as CSV with the columns of indicators.value but `inputs`; numbers exact, instants in ISO 8601."""
    names = ("indicator_id", "indicator_version", "region_id", "side_id", "side_kind", "period", "dimension", "value", "unit",
             "n", "coverage", "status", "reason", "run_id", "computed_at", "withdrawn_inputs")  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for value in values:
        cells = [getattr(value, name) for name in names]
        writer.writerow(
            [
                _cell(cell.isoformat() if name == "computed_at" else cell)
                for name, cell in zip(names, cells, strict=True)
            ]
        )
    return out.getvalue()


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula begins with an apostrophe instead."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def data_uri(text: str) -> str:
    """A CSV as the address of a link, with the mark by which spreadsheets know UTF-8."""
    return "data:text/csv;charset=utf-8," + quote("\ufeff" + text, safe="")
