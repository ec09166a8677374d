"""Makes what the template shows of a map: coloured areas, legends, marks, labels that do not overlap, texts, a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from euregio.declarations.regions import Region
from euregio.publish.atlas.chart import FORMS, breaks, class_of
from euregio.publish.atlas.map_data import Label, Map, Mark, Shape
from euregio.publish.atlas.messages import Messages, significant
from euregio.publish.atlas.svg_path import WIDTH
from euregio.publish.atlas.values_of import side_name

POWERS = ("slow", "fast", "strong", "unknown")
#: Fewer points with a known power than this have no share: the floor of the indicator fast_share.
_FEW = 5
#: Where the power of fewer of the points is known (share), it tells nothing: the floor of the indicator power_density.
_COVERED = 0.8
#: A label's half width and height at a map 340 px wide, as shares of its width: what must not overlap.
_LABEL_HALF, _LABEL_HIGH = 0.16, 0.06


@dataclass(frozen=True)
class Measure:
    """A number per NUTS 3 region that can colour the map. `value` gives None and `why` the message where there is none.

    `tells` are the indicators whose difference between the sides it lets one see.
    """

    id: str
    value: Callable[[dict[str, Any]], float | None]
    why: str
    tells: tuple[str, ...]
    is_share: bool = False


def _per(part: str, whole: str, times: float) -> Callable[[dict[str, Any]], float | None]:
    def value(numbers: dict[str, Any]) -> float | None:
        return times * numbers[part] / numbers[whole] if numbers.get(whole) else None

    return value


MEASURES = (
    Measure("density", _per("points_count", "area_km2", 100), "area_no_area", ("point_density", "border_density")),
    Measure("strong", _per("strong_count", "area_km2", 100), "area_no_area", ("nearest_fast_across",)),
    Measure(
        "power",
        lambda n: _per("power_kw", "area_km2", 100)(n) if n["covered_count"] >= _COVERED * n["points_count"] else None,
        "area_no_power", ("power_density",),
    ),
    Measure(
        "fast_share",
        lambda n: n["fast_count"] / n["with_power_count"] if n.get("with_power_count", 0) >= _FEW else None,
        "area_few", ("fast_share",), is_share=True,
    ),
    Measure("inhabitants", _per("points_count", "inhabitants_count", 1000), "area_no_inhabitants",
            ("points_per_inhabitants", "power_per_inhabitants")),
)  # fmt: skip


def map_view(
    drawn: Map, region: Region, silent: dict[str, str], words: Messages, first: str | None = None
) -> dict[str, Any]:
    """The map for the template. `silent` says, by side, why nothing is known of its points: its areas are hatched.

    `first` is the indicator of the page's first sentence: the map is coloured by what shows it, where a measure does.
    """
    own = [shape for shape in drawn.shapes if shape.side_id]
    counted = [shape for shape in own if shape.is_member and shape.side_id not in silent]
    measures = []
    for measure in sorted(MEASURES, key=lambda one: first not in one.tells):
        values = {s.code: v for s in counted if (v := measure.value(s.numbers)) is not None}
        if values:
            bounds = breaks(list(values.values()))
            measures.append({"id": measure.id, "title": words(f"measure_{measure.id}"), "measure": measure, "values": values,
                             "bounds": bounds, "legend": _legend(measure, list(values.values()), bounds, words)})  # fmt: skip
    areas = [_area(shape, measures, region, silent, words) for shape in own]
    forms = {side.id: FORMS[number % len(FORMS)] for number, side in enumerate(region.sides)}
    return {
        "width": WIDTH,
        "height": drawn.frame.height,
        "ratio": round(WIDTH / drawn.frame.height, 4),
        "context": [shape.path for shape in drawn.shapes if not shape.side_id],
        "has_partial": any(not shape.is_member for shape in own),
        "has_no_data": any(area["has_gap"] for area in areas),
        "areas": areas,
        "countries": drawn.countries,
        "borders": drawn.borders,
        "measures": measures,
        "marks": [_mark(mark, region, forms) for mark in sorted(drawn.marks, key=lambda m: _order(m.power))],
        "powers": [(power, words(f"power_{power}"), words.count(count)) for power in POWERS if (count := _count(drawn.marks, power))],
        "forms": [(FORMS[n % len(FORMS)], f"side{n % len(FORMS)}", side_name(region, s.id, words)) for n, s in enumerate(region.sides)],
        "labels": _labels(drawn, region, words),
        "scale": _scale_bar(drawn, words),
        "alt": words(
            "map_alt", region=region.name(words.language), count=len(own), measure=measures[0]["title"] if measures else "–",
            sides=", ".join(side.name(words.language) for side in region.sides),
        ),
        "texts": {area["code"]: {"name": area["name"], "side": area["side"], "values": area["texts"], "counts": area["counts"]} for area in areas},
    }  # fmt: skip


def _area(
    shape: Shape, measures: list[dict[str, Any]], region: Region, silent: dict[str, str], words: Messages
) -> dict[str, Any]:
    assert shape.side_id
    classes = ["area", *([] if shape.is_member else ["partial"])]
    texts, cells = {}, []
    for one in measures:
        measure: Measure = one["measure"]
        if shape.code in one["values"]:
            value = one["values"][shape.code]
            said = words.percent(value) if measure.is_share else words.number(value)
            texts[measure.id] = words("area_value", measure=one["title"], value=said)
            classes.append(f"m-{measure.id}-{class_of(value, one['bounds'])}")
        else:
            reason = silent.get(shape.side_id) or words(measure.why)
            if not shape.is_member:
                reason = words("area_partial")
            said = words("no_value")
            texts[measure.id] = words("area_no_data", measure=one["title"], reason=reason)
            classes.append(f"m-{measure.id}-n")
        cells.append(said)
    if not measures:
        classes.append("m-none-n")
    numbers = shape.numbers
    counts = ""
    if shape.is_member and shape.side_id not in silent:
        counts = words(
            "area_counts", points=words.count(numbers["points_count"]), fast=words.count(numbers["fast_count"]),
            strong=words.count(numbers["strong_count"]), power=words.count(numbers["with_power_count"]),
        )  # fmt: skip
    return {
        "code": shape.code, "name": shape.name, "side": side_name(region, shape.side_id, words), "path": shape.path,
        "classes": " ".join(classes), "has_gap": shape.is_member and any(name.endswith("-n") for name in classes), "texts": texts, "counts": counts, "cells": cells,
        "points": words.count(numbers["points_count"]) if counts else words("no_value"),
        "label": f"{shape.name}, {side_name(region, shape.side_id, words)}. " + (texts[measures[0]["id"]] if measures else silent.get(shape.side_id, "")),
    }  # fmt: skip


def _legend(measure: Measure, values: list[float], bounds: list[float], words: Messages) -> list[str]:
    def said(value: float) -> str:
        return words.percent(value, 2) if measure.is_share else words.number(value, 2)

    # a class is told by the values that are in it: between two classes there may be none
    told = []
    for number in range(len(bounds)):
        inside = [value for value in values if class_of(value, bounds) == number]
        low, high = min(inside), max(inside)
        alike = significant(low, 2) == significant(high, 2)
        told.append(said(high) if alike else words("between", low=said(low), high=said(high)))
    return told


def _mark(mark: Mark, region: Region, forms: dict[str, str]) -> dict[str, str]:
    form = forms[mark.side_id]
    number = [side.id for side in region.sides].index(mark.side_id) % len(FORMS)
    # A stroke's cap draws the form, so that thousands of marks are one path: round, square, and square along a slope.
    step = {"circle": "h0", "square": "h1", "diamond": "l1 1", "bar": "v1"}[form]
    return {
        "classes": f"mark {form} power-{mark.power} side{number}",
        "path": "".join(f"M{x} {y}{step}" for x, y in mark.places),
    }


def _order(power: str) -> int:
    return ("unknown", "slow", "fast", "strong").index(power)


def _count(marks: tuple[Mark, ...], power: str) -> int:
    return sum(mark.points_count for mark in marks if mark.power == power)


def _labels(drawn: Map, region: Region, words: Messages) -> list[dict[str, Any]]:
    """Names of sides, moved apart where they would overlap, and of neighbours where there is room. Places in per cent."""
    kept: list[tuple[Label, str]] = []
    for side in region.sides:
        if label := drawn.sides.get(side.id):
            named = Label(side_name(region, side.id, words), _inside(label.x), label.y, label.reach)
            while any(_overlap(named, other) for other, _ in kept):
                named = Label(named.name, named.x, named.y + round(_LABEL_HIGH * WIDTH), named.reach)
            kept.append((named, "side-label"))
    for label in drawn.neighbours:
        if label.reach > 0.07 * WIDTH and not any(_overlap(label, other) for other, _ in kept):
            kept.append((label, "country-label"))
    return [
        {
            "name": label.name,
            "class": kind,
            "x": round(100 * label.x / WIDTH, 2),
            "y": round(100 * label.y / drawn.frame.height, 2),
        }
        for label, kind in kept
    ]


def _inside(x: int) -> int:
    return round(min(max(x, _LABEL_HALF * WIDTH), (1 - _LABEL_HALF) * WIDTH))


def _overlap(one: Label, other: Label) -> bool:
    return abs(one.x - other.x) < 2 * _LABEL_HALF * WIDTH and abs(one.y - other.y) < _LABEL_HIGH * WIDTH


def _scale_bar(drawn: Map, words: Messages) -> dict[str, Any]:
    """A round number of kilometres, at most a quarter of the map wide, at the map's middle latitude."""
    middle = (drawn.frame.y0_m + drawn.frame.y1_m) / 2 / 6_378_137
    ground_km = (drawn.frame.x1_m - drawn.frame.x0_m) / math.cosh(middle) / 1000
    power = 10.0 ** math.floor(math.log10(ground_km / 4))
    km = max(power * factor for factor in (1, 2, 5) if power * factor <= ground_km / 4)
    return {"width": round(100 * km / ground_km, 2), "text": words("scale_km", km=words.number(km))}
