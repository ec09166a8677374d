"""Turns what an indicator's SQL gave into values: floors, the whole, contrasts; what is not sound is withheld."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from euregio.declarations.regions import WHOLE, Region
from euregio.indicators.registry import Indicator


@dataclass(frozen=True)
class Value:
    """A row of indicators.value; `inputs` and `withdrawn_inputs` are JSON text."""

    use_case: str
    indicator_id: str
    indicator_version: str
    region_id: str
    side_id: str
    side_kind: str
    period: str
    dimension: str
    value: float | None
    unit: str
    n: int
    coverage: float | None
    status: str
    reason: str | None
    inputs: str
    run_id: str
    computed_at: datetime
    withdrawn_inputs: str | None = None


@dataclass(frozen=True)
class Measured:
    """A number as the SQL gave it, or after judgement: `reason` says why `value` is None.

    `parts`: rows behind each part of the value that the floor must hold for, by words that say where they lie.
    """

    value: float | None
    n: int
    coverage: float | None
    reason: str | None = None
    parts: dict[str, int] | None = None


@dataclass(frozen=True)
class Judged:
    """A number with its place among the indicator's numbers."""

    side_id: str
    side_kind: str
    dimension: str
    measured: Measured


#: Key of a number within one region: side, the side it faces (None where the indicator has no pairs), dimension.
Key = tuple[str, str | None, str]


def judge(
    indicator: Indicator, region: Region, measured: dict[Key, Measured], problems: dict[str, str]
) -> Iterator[Judged]:
    """All values of one indicator in one region: sides, the whole, contrasts.

    `problems` says, by side, why that side can have no value. The whole is published only where every side is, since
    the whole of a part is no whole; a contrast only where both of its sides are.
    """
    facing = sorted({key[1] for key in measured if key[1]})
    dimensions = list(indicator.header.dimensions)
    sides: dict[Key, Measured] = {}
    for side in region.sides:
        faced: Iterable[str | None] = [f for f in facing if any(k[0] == side.id and k[1] == f for k in measured)] or [
            None
        ]
        for other in faced:
            for dimension in dimensions:
                raw = measured.get((side.id, other, dimension), Measured(None, 0, None))
                problem = problems.get(side.id) or (f"{other}: {problems[other]}" if other in problems else None)
                sides[side.id, other, dimension] = sound(indicator, raw, problem)
    for (side_id, other, dimension), value in sides.items():
        yield Judged(side_id, "side", faced_dimension(dimension, other), value)
    for dimension in dimensions:
        raw = measured.get((WHOLE, None, dimension), Measured(None, 0, None))
        lacking = _reasons((k[0], v) for k, v in sides.items() if k[2] == dimension)
        yield Judged(WHOLE, "whole", dimension, sound(indicator, raw, lacking))
    for number, one in enumerate(region.sides):
        for two in region.sides[number + 1 :]:
            for dimension in dimensions:
                a, b = (sides.get((x.id, y.id if facing else None, dimension)) for x, y in ((one, two), (two, one)))
                if a and b:
                    yield Judged(f"{one.id}:{two.id}", "contrast", dimension, contrast(indicator, one.id, a, two.id, b))


def faced_dimension(dimension: str, facing: str | None) -> str:
    """The dimension as it is stored: `median to nl` where the number is towards one neighbour."""
    return f"{dimension} to {facing}" if facing else dimension


def _reasons(sides: Iterable[tuple[str, Measured]]) -> str | None:
    """Why the sides that are withheld are, each with its id: `de: …; nl: …`; None where all have a value."""
    found = dict.fromkeys(f"{side_id}: {one.reason}" for side_id, one in sides if one.value is None)
    return "; ".join(found) or None


def sound(indicator: Indicator, raw: Measured, problem: str | None) -> Measured:
    """`raw`, or the same without its value and with the reason why it is withheld."""
    floor = indicator.header.floor
    if problem:
        reason: str | None = problem
    elif raw.value is None or not math.isfinite(raw.value):
        reason = raw.reason or "no row has what the indicator needs"
    elif raw.coverage is None:
        reason = f"coverage is not known: {indicator.header.coverage}"
    elif raw.coverage < floor.coverage:
        shares = f"coverage {100 * raw.coverage:.3g} % is below the floor of {100 * floor.coverage:g} %"
        reason = f"{shares}: {indicator.header.coverage}"
    elif few := [_only(count, part) for part, count in (raw.parts or {"": raw.n}).items() if count < floor.n]:
        reason = f"{' and '.join(few)}; the floor is {floor.n}" + (f" in each {floor.each}" if floor.each else "")
    else:
        return replace(raw, reason=None)
    return Measured(None, raw.n, raw.coverage, reason)


def _only(count: int, part: str) -> str:
    return f"only {count} {'row' if count == 1 else 'rows'} {part}".rstrip()


def contrast(indicator: Indicator, one: str, a: Measured, two: str, b: Measured) -> Measured:
    """The first side against the second: ratio, difference, or the smaller over the larger (1: alike)."""
    n = a.n + b.n
    coverage = None if a.coverage is None or b.coverage is None else min(a.coverage, b.coverage)
    if a.value is None or b.value is None:
        return Measured(None, n, coverage, _reasons(((one, a), (two, b))))
    if indicator.header.contrast == "difference":
        return Measured(a.value - b.value, n, coverage)
    above, below = a.value, b.value
    if indicator.header.contrast == "min_max":
        above, below = min(a.value, b.value), max(a.value, b.value)
    if below == 0:
        return Measured(None, n, coverage, "the divisor is zero: the quotient has no value")
    return Measured(above / below, n, coverage)


def contrast_unit(indicator: Indicator) -> str:
    """Unit of the indicator's contrasts: its own for differences, 1 for quotients."""
    return indicator.header.unit if indicator.header.contrast == "difference" else "1"
