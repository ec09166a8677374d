"""Dot plots: values on one scale that begins at zero, with round ticks; withheld ones have their reason instead of a place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Forms that tell sides apart without colour, in the order of a region's sides; the whole has its own.
FORMS = ("circle", "square", "diamond", "bar")
WHOLE_FORM = "ring"


@dataclass(frozen=True)
class Row:
    """One value of a chart: `place` is per cent of the scale, None where the value is withheld; texts are ready to show."""

    side_id: str
    label: str
    form: str
    colour: str
    shown: str
    place: float | None
    n: str


@dataclass(frozen=True)
class Scale:
    """A linear scale from `low` to `high` with its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Per cent of the scale's length, 0 to 100."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)


def scale(values: Iterable[float], *, share: bool = False) -> Scale:
    """The scale that holds zero and all values. A share that reaches half of the whole is shown against the whole."""
    known = [value for value in values if math.isfinite(value)]
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    if share and low == 0 and 0.5 <= high <= 1:
        return Scale(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
    if low == high:
        return Scale(0.0, 1.0, (0.0, 1.0))
    step = _round_step((high - low) / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def _round_step(rough: float) -> float:
    """The least of 1, 2, 2.5, 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))


def breaks(values: Sequence[float], classes: int = 5) -> list[float]:
    """Upper bounds of at most so many classes with as many values each, rounded; the last holds the greatest value.

    Values are amounts (0 or more). Few different values give fewer classes; no value, or only zeros, gives one class.
    """
    known = sorted(value for value in values if math.isfinite(value))
    if not known or known[-1] <= 0:
        return [0.0]
    bounds: list[float] = []
    for number in range(1, classes):
        bound = float(f"{known[min(len(known) - 1, round(number * len(known) / classes))]:.2g}")
        if 0 < bound < known[-1] and (not bounds or bound > bounds[-1]):
            bounds.append(bound)
    return [*bounds, known[-1]]


def class_of(value: float, bounds: Sequence[float]) -> int:
    """Number of the class, from 0, that holds the value: the first whose upper bound is not below it."""
    return next((number for number, bound in enumerate(bounds) if value <= bound), len(bounds) - 1)
