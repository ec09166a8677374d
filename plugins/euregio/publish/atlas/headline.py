"""Finds what a planner must know first: the weightiest difference between two sides, what it leaves out, who is silent."""

from __future__ import annotations

import math
from collections.abc import Iterable

from euregio.indicators import sentence
from euregio.publish.atlas.layout import Layout
from euregio.publish.atlas.messages import Messages, significant
from euregio.publish.atlas.values_of import Difference, Told, inputs, say_difference, say_reason, side_name

#: Tables whose rows are things that people count: the others (areas, inhabitants) have no place in a caveat.
_COUNTED = ("recharging_point", "recharging_station", "status_observation")


def headline(told: Iterable[Told], layout: Layout, words: Messages) -> tuple[str, list[str]]:
    """The first sentence of a region, and the caveats below it."""
    known = list(told)
    found = weightiest(known, layout)
    if found is None:
        return words("headline_none"), [*_alone(known, layout, words), *_silent(known, layout, words)]
    one, difference = found
    lacking = say_missing(difference, words)
    return say_difference(one, difference, words), [*([lacking] if lacking else []), *_silent(known, layout, words)]


def weightiest(told: Iterable[Told], layout: Layout) -> tuple[Told, Difference] | None:
    """The difference with the greatest weight times logarithm of its factor (capped); None where there is none to tell."""
    cap = math.log(layout.headline_cap)
    best: tuple[float, Told, Difference] | None = None
    for one in told:
        weight = layout.headline.get(one.indicator.id, 0.0)
        for difference in one.differences():
            score = weight * min(difference.factor_log, cap)
            if score > 0 and (best is None or score > best[0]):
                best = (score, one, difference)
    return best[1:] if best else None


def say_missing(difference: Difference, words: Messages) -> str:
    """How many rows of the two sides lack what the indicator needs; empty where none does."""
    counts: dict[str, tuple[int, int]] = {}
    for entry in inputs(difference.contrast):
        if entry["table"] in _COUNTED:
            rows, missing = counts.get(entry["table"], (0, 0))
            counts[entry["table"]] = (rows + entry["rows"], missing + entry["missing"])
    lacking = [
        words(
            "left_out",
            missing=words.count(missing),
            total=words.count(rows + missing),
            what=words.word("tables", table),
        )
        for table, (rows, missing) in sorted(counts.items())
        if missing
    ]
    return " ".join(lacking)


def _alone(told: list[Told], layout: Layout, words: Messages) -> list[str]:
    """What is known of sides that have no counterpart: their value of the indicator that colours the map."""
    return [
        sentence.say_value(
            one.indicator, one.region, value.side_id, significant(value.value), value.dimension, words.language
        )
        for one in told
        if one.indicator.id == layout.map_indicator
        for value in one.published
        if value.side_kind == "side" and value.value is not None
    ]


def _silent(told: list[Told], layout: Layout, words: Messages) -> list[str]:
    """A sentence for each side of whose points nothing is known."""
    for one in told:
        if one.indicator.id == layout.map_indicator:
            return [
                words(
                    "silent_side",
                    side=side_name(one.region, value.side_id, words),
                    reason=say_reason(value.reason, one.region, words),
                )
                for dimension in one.dimensions()[:1]
                for value in one.of(dimension, "side")
                if value.value is None
            ]
    return []


def comparability(told: Iterable[Told], layout: Layout, words: Messages) -> list[str]:
    """What makes the sides' data differ: each sentence tells the two sides that differ most."""
    notes = []
    for one in told:
        if one.indicator.id in layout.comparability.indicators:
            by_dimension: dict[str, Difference] = {}
            for difference in one.differences():
                apart = abs(difference.values[0] - difference.values[1])
                known = by_dimension.get(difference.dimension)
                if apart > layout.comparability.differ_by and (
                    known is None or apart > abs(known.values[0] - known.values[1])
                ):
                    by_dimension[difference.dimension] = difference
            notes += [say_difference(one, difference, words) for difference in by_dimension.values()]
    return notes
