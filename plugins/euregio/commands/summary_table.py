"""A border region's indicators as lines of a terminal: each side, the whole, every contrast, and why a value is withheld."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from euregio.declarations.regions import WHOLE, Region
from euregio.indicators.sentence import number
from euregio.indicators.values import Value, contrast_unit
from euregio.publish.atlas.headline import headline
from euregio.publish.atlas.layout import Layout
from euregio.publish.atlas.messages import Messages
from euregio.publish.atlas.values_of import Told, facing, say_withdrawn

#: The least and the most that a label takes, what it must have for contrasts to stand beside, the space between columns.
_LABEL, _LABEL_MOST, _LABEL_BESIDE, _GAP = 20, 44, 32, 2
_NONE = "–"
#: What the signs of the tables mean; said once, below them.
KEY = (
    "A contrast sets its first side against its second: × is how many times as much, a signed number the difference, "
    "~ the smaller over the larger (1: alike). n: rows behind the whole, or behind the sides where it has no number; "
    f"cov: the least share of them that had what the number needs. {_NONE}: withheld; the reason stands below it."
)


@dataclass(frozen=True)
class Line:
    """A line of the terminal, and how a terminal shows it (a style of rich)."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class _Row:
    """A row of numbers: what it is of, cells of the sides and the whole, of each contrast, rows behind and coverage."""

    label: str
    values: tuple[str, ...]
    contrasts: dict[str, str] = field(default_factory=dict)
    behind: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class _Form:
    """How wide the columns of a region are. In a narrow terminal the contrasts stand in a line of their own."""

    width: int
    label: int
    value: int
    contrast: int
    behind: tuple[int, int]
    pairs: tuple[str, ...]
    beside: bool

    def lines(self, row: _Row, indent: str) -> Iterator[Line]:
        """The numbers beside the last line of their label."""
        *above, last = textwrap.wrap(row.label, self.label - len(indent), break_long_words=False) or [""]
        yield from (Line(indent + text) for text in above)
        beside = [row.contrasts.get(pair, "") for pair in self.pairs] if self.beside else []
        cells = "".join(f"{cell:>{self.value}}" for cell in row.values)
        cells += "".join(f"{cell:>{self.contrast}}" for cell in beside)
        cells += "".join(f"{cell:>{size}}" for cell, size in zip(row.behind, self.behind, strict=True))
        yield Line(f"{indent + last:{self.label}}{cells}".rstrip())
        if row.contrasts and not self.beside:
            yield from wrapped(
                "   ".join(f"{pair} {text}" for pair, text in row.contrasts.items()), self.width, indent + "  "
            )


def region_lines(
    region: Region, groups: Sequence[tuple[str, list[Told]]], layout: Layout, words: Messages, width: int
) -> list[Line]:
    """The region's name, its first sentence as the atlas tells it, and its indicators by group; no line over `width`."""
    title = Line(region.name(), "bold")
    if not groups:
        return [title, Line("  no indicators yet")]
    told = [one for _, members in groups for one in members]
    rows = {one.indicator.id: _rows(one) for one in told}
    first, caveats = headline(told, layout, words)
    lacked = say_withdrawn((value for one in told for value in one.values), {}, words)
    lines = [title, *wrapped("   ".join(f"{side.id} {side.name()}" for side in region.sides), width, "  ", "dim")]
    lines += [one for text in (first, *caveats, *lacked) for one in wrapped(text, width, "  ")]
    pairs = tuple(f"{one}:{two}" for one, two in itertools.combinations((side.id for side in region.sides), 2))
    head = _Row("", (*(side.id for side in region.sides), WHOLE), {pair: pair for pair in pairs}, ("n", "cov"))
    form = _form([head, *(row for found in rows.values() for row in found)], pairs, width)
    lines += [Line(""), Line(next(iter(form.lines(head, ""))).text, "dim")]
    for group, members in groups:
        lines.append(Line(words(f"group_{group}"), "bold"))
        for one in members:
            lines += _indicator(one, rows[one.indicator.id], form, words)
    return lines


def _form(rows: Sequence[_Row], pairs: tuple[str, ...], width: int) -> _Form:
    """Columns as wide as their widest cell; the label has what is left."""
    value = max(len(cell) for row in rows for cell in row.values) + _GAP
    contrast = max(len(cell) for row in rows for cell in row.contrasts.values()) + _GAP
    behind = tuple(max(len(row.behind[n]) for row in rows) + _GAP for n in (0, 1))
    left = width - value * len(rows[0].values) - sum(behind)
    beside = left - contrast * len(pairs) >= _LABEL_BESIDE
    label = min(_LABEL_MOST, max(_LABEL, left - (contrast * len(pairs) if beside else 0)))
    return _Form(width, label, value, contrast, (behind[0], behind[1]), pairs, beside)


def _indicator(told: Told, rows: list[_Row], form: _Form, words: Messages) -> Iterator[Line]:
    header = told.indicator.header
    unit = "%" if header.shown_as == "percent" else words.word("units", header.unit)
    if len(rows) == 1:
        yield from wrapped(f"{told.indicator.title()} · {header.id}", form.width, "  ")
        yield from form.lines(replace(rows[0], label=rows[0].label or unit), "    ")
    else:
        yield from wrapped(f"{told.indicator.title()} · {header.id}, {unit}", form.width, "  ")
        for row in rows:
            yield from form.lines(row, "    ")
    yield from _reasons(told, form)


def _rows(told: Told) -> list[_Row]:
    """A row for each dimension; where sides have a number towards each neighbour, one for each neighbour too."""
    found = []
    ids = [side.id for side in told.region.sides]
    for dimension in told.dimensions():
        sides, wholes = told.of(dimension, "side"), told.of(dimension, "whole")
        contrasts = {one.side_id: _contrast(told, one) for one in told.of(dimension, "contrast")}
        label = told.indicator.dimension(dimension)
        towards = [other for other in ids if any(facing(one.dimension) == other for one in sides)]
        found.append(_row(told, label, [*([] if towards else sides), *wholes], contrasts, wholes or sides))
        for other in towards:
            own = [one for one in sides if facing(one.dimension) == other]
            found.append(_row(told, f"{label}, towards {other}", own, {}, own))
    return found


def _row(told: Told, label: str, values: list[Value], contrasts: dict[str, str], behind: Sequence[Value]) -> _Row:
    by_side = {one.side_id: _value(told, one) for one in values}
    known = [one.coverage for one in behind if one.coverage is not None]
    # 99.6 % is not all of them
    cover = f"{math.floor(100 * min(known))} %" if known else _NONE
    cells = tuple(by_side.get(side, "") for side in (*(side.id for side in told.region.sides), WHOLE))
    return _Row(label, cells, contrasts, (f"{sum(one.n for one in behind):,}", cover))


def _value(told: Told, value: Value) -> str:
    if value.value is None:
        return _NONE
    return number(value.value * (100 if told.indicator.header.shown_as == "percent" else 1))


def _contrast(told: Told, value: Value) -> str:
    if value.value is None:
        return _NONE
    kind = told.indicator.header.contrast
    if kind == "min_max":
        return f"~{number(value.value, digits=2)}"
    if kind == "ratio":
        return f"{number(value.value, digits=2)}×"
    by_hundred = contrast_unit(told.indicator) == "1" and told.indicator.header.shown_as == "percent"
    text = number(value.value * (100 if by_hundred else 1), digits=2)
    return f"+{text}" if value.value > 0 else text


def _reasons(told: Told, form: _Form) -> Iterator[Line]:
    """Why values are withheld, each reason once with the sides that it holds for, without what the coverage is of."""
    tail = f": {told.indicator.header.coverage}"
    found: dict[str, list[str]] = {}
    for kind in ("side", "whole", "contrast"):
        for value in (one for one in told.values if one.side_kind == kind and one.value is None):
            reason = (value.reason or "no reason is stored").replace(tail, "")
            # What follows from a withheld side is told with that side.
            if kind != "side" and any(f"{name}: {text}" in reason for text, names in found.items() for name in names):
                continue
            name = value.side_id + (
                f" {told.indicator.dimension(value.dimension)}".rstrip() if kind == "contrast" else ""
            )
            names = found.setdefault(reason, [])
            if name not in names:
                names.append(name)
    sides = {side.id for side in told.region.sides}
    for reason, names in found.items():
        who = "every side" if sides <= set(names) else ", ".join(names)
        yield from wrapped(f"{_NONE} {who}: {reason}", form.width, "    ", "dim")


def wrapped(text: str, width: int, indent: str = "", style: str = "") -> list[Line]:
    """A text as lines of at most `width` characters, all indented; a longer word stays whole."""
    lines = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                          break_on_hyphens=False)  # fmt: skip
    return [Line(one, style) for one in lines]
