"""Dot plots: values on one scale that begins at zero, with round ticks; withheld ones have their reason instead of a place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Forms that tell sides apart without colour, in the order of a region's sides; the whole has its own.
FORMS = ("circle", "square", "diamond", "bar")
WHOLE_FORM = "ring"
#: Values within this factor (as logarithm) need no colours of their own.
_ALIKE = math.log(1.5)


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
    """Upper bounds of at most so many classes of like values; the last holds the greatest value.

    Natural breaks of the logarithms (Fisher 1958, Jenks 1967: least squares within classes), so that what is ten times
    as much as its neighbours has another colour than they, also where it is one region of many; of that as few classes
    as keep the values of each within a factor of 1.5. Values are amounts (0 or more); zeros have a class of their own.
    """
    known = sorted({value for value in values if math.isfinite(value)})
    if not known or known[-1] <= 0:
        return [0.0]
    least = math.log(next(value for value in known if value > 0))
    logs = [math.log(value) if value > 0 else least - 2 for value in known]
    for count in range(1, min(classes, len(known)) + 1):
        ends = _natural(logs, count)
        starts = [0, *(end + 1 for end in ends[:-1])]
        if all(logs[end] - logs[start] <= _ALIKE for start, end in zip(starts, ends, strict=True)):
            break
    return [known[end] for end in ends]


def _natural(logs: Sequence[float], count: int) -> list[int]:
    """Places of the last value of each of `count` classes of sorted values, least squares within them."""
    sums, squares = [0.0], [0.0]
    for value in logs:
        sums.append(sums[-1] + value - logs[0])
        squares.append(squares[-1] + (value - logs[0]) ** 2)

    def apart(first: int, last: int) -> float:
        total = sums[last + 1] - sums[first]
        return squares[last + 1] - squares[first] - total * total / (last - first + 1)

    # best[last]: the least that so many classes of the values up to `last` can have, and where the last one begins
    best = [(apart(0, last), [last]) for last in range(len(logs))]
    for number in range(1, count):
        best = [
            min(
                (
                    (best[first - 1][0] + apart(first, last), [*best[first - 1][1], last])
                    for first in range(number, last + 1)
                ),
                key=lambda found: found[0],
                default=best[last],
            )
            for last in range(len(logs))
        ]
    return best[-1][1]


def class_of(value: float, bounds: Sequence[float]) -> int:
    """Number of the class, from 0, that holds the value: the first whose upper bound is not below it."""
    return next((number for number, bound in enumerate(bounds) if value <= bound), len(bounds) - 1)
