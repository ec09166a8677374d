"""The stored values of one indicator in one region, and the sentences that they make."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from euregio.declarations.regions import WHOLE, Region
from euregio.indicators import sentence
from euregio.indicators.registry import Indicator
from euregio.indicators.values import Value
from euregio.publish.atlas.messages import Messages, significant


@dataclass(frozen=True)
class Difference:
    """Two sides' published values of one dimension, and how far they are apart: the logarithm of their factor."""

    dimension: str
    sides: tuple[str, str]
    values: tuple[float, float]
    factor_log: float
    contrast: Value


@dataclass(frozen=True)
class Told:
    """One indicator in one region with its values, put into the order of the indicator's dimensions and the region's sides."""

    indicator: Indicator
    region: Region
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        names = list(self.indicator.header.dimensions)
        order = {side.id: number for number, side in enumerate(self.region.sides)}

        def place(one: Value) -> tuple[object, ...]:
            dimension = base(one.dimension)
            at = names.index(dimension) if dimension in names else len(names)
            return (
                at,
                dimension,
                [order.get(part, len(order)) for part in one.side_id.split(":")],
                one.side_id,
                one.dimension,
            )

        object.__setattr__(self, "values", tuple(sorted(self.values, key=place)))

    @property
    def published(self) -> list[Value]:
        """Values of sides and of the whole that are not withheld."""
        return [one for one in self.values if one.side_kind != "contrast" and one.value is not None]

    def dimensions(self) -> list[str]:
        """The indicator's dimensions that have values here, in its order."""
        return [
            name for name in self.indicator.header.dimensions if any(base(v.dimension) == name for v in self.values)
        ]

    def of(self, dimension: str, kind: str) -> list[Value]:
        """Values of one dimension (towards any neighbour) and kind, in the order of the region's sides."""
        return [one for one in self.values if one.side_kind == kind and base(one.dimension) == dimension]

    def differences(self) -> Iterator[Difference]:
        """Every published contrast with the two values behind it."""
        for dimension in self.dimensions():
            for one in self.of(dimension, "contrast"):
                if one.value is None:
                    continue
                first, _, second = one.side_id.partition(":")
                a, b = self._side(dimension, first, second), self._side(dimension, second, first)
                if a is not None and b is not None:
                    yield Difference(dimension, (first, second), (a, b), factor_log(a, b), one)

    def greatest(self) -> Difference | None:
        """The greatest difference of the first dimension that has one; where that is none to speak of, of any."""
        found = list(self.differences())
        first = max(
            (one for one in found if one.dimension == found[0].dimension), key=lambda one: one.factor_log, default=None
        )
        if first and first.factor_log < math.log(1 + sentence.ALIKE):
            return max(found, key=lambda one: one.factor_log)
        return first

    def _side(self, dimension: str, side: str, other: str) -> float | None:
        for stored in (dimension, f"{dimension} to {other}"):
            for one in self.values:
                if (
                    one.side_kind == "side"
                    and one.side_id == side
                    and one.dimension == stored
                    and one.value is not None
                ):
                    return one.value
        return None


def base(dimension: str) -> str:
    """The indicator's dimension of a stored one: `median to nl` is `median` towards one neighbour."""
    return dimension.partition(" to ")[0]


def facing(dimension: str) -> str | None:
    """The side that a stored dimension is towards, if any."""
    return dimension.partition(" to ")[2] or None


def factor_log(a: float, b: float) -> float:
    """How far two values are apart: the logarithm of the greater over the smaller; infinite where one is zero."""
    low, high = sorted((abs(a), abs(b)))
    if low == high:
        return 0.0
    return math.inf if low == 0 or a * b < 0 else math.log(high / low)


def say_difference(told: Told, one: Difference, words: Messages) -> str:
    """The sentence that sets the two sides against each other, with at most three significant digits."""
    a, b = (significant(value) for value in one.values)
    return sentence.say_contrast(told.indicator, told.region, one.sides, (a, b), one.dimension, words.language)


def say_title(told: Told, words: Messages) -> str:
    """The sentence that stands over an indicator: its greatest difference, else its one value, else why there is none."""
    greatest = told.greatest()
    if greatest:
        return say_difference(told, greatest, words)
    if told.published:
        one = next((v for v in told.published if v.side_kind == "side"), told.published[0])
        assert one.value is not None
        return sentence.say_value(
            told.indicator, told.region, one.side_id, significant(one.value), one.dimension, words.language
        )
    return words("withheld_title", title=told.indicator.title(words.language))


def say_reason(reason: str | None, region: Region, words: Messages) -> str:
    """A reason for withholding as it is stored, `de: …; nl: …`, with the sides' names in place of their ids."""
    text = reason or words("reason_unknown")
    ids = "|".join(re.escape(side.id) for side in region.sides)
    return re.sub(rf"(^|; )({ids}): ", lambda found: f"{found[1]}{side_name(region, found[2], words)}: ", text)


def side_name(region: Region, side_id: str, words: Messages) -> str:
    """A side's label, or the name of the whole, with a capital."""
    name = words("whole") if side_id == WHOLE else region.side(side_id).name(words.language)
    return name[:1].upper() + name[1:]


def withdrawn(values: Iterable[Value]) -> list[dict[str, str]]:
    """Releases that values are computed without, each once: dataset, period, reason, retracted_on."""
    found = {
        (one["dataset"], one["period"]): one for value in values for one in json.loads(value.withdrawn_inputs or "[]")
    }
    return [found[key] for key in sorted(found)]


def say_withdrawn(values: Iterable[Value], titles: dict[str, str], words: Messages) -> list[str]:
    """A sentence for each release that the values are computed without; `titles` are datasets' titles by id."""
    return [
        words(
            "withdrawn", dataset=titles.get(one["dataset"], one["dataset"]), period=one["period"],
            day=one["retracted_on"], reason=one["reason"].strip().rstrip("."),
        )
        for one in withdrawn(values)
    ]  # fmt: skip


def inputs(value: Value) -> list[dict[str, Any]]:
    """What the value was made from: dataset, table, period, run_id, snapshot_id, rows, missing, excluded."""
    return list(json.loads(value.inputs))
