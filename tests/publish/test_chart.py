"""Scales, classes and paths: round, complete, and honest about zero."""

from __future__ import annotations

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from euregio.publish.atlas.chart import _natural, breaks, class_of, scale
from euregio.publish.atlas.svg_path import WIDTH, Frame, fitted, path

numbers = st.floats(min_value=1e-6, max_value=1e9, allow_nan=False)


@given(st.lists(numbers, min_size=1, max_size=6))
def test_a_scale_begins_at_zero_and_holds_every_value(values: list[float]) -> None:
    axis = scale(values)
    assert axis.low == 0
    assert all(0 <= axis.place(value) <= 100 for value in values)
    assert 2 <= len(axis.ticks) <= 7
    assert axis.ticks[-1] < 2.6 * max(values)


@pytest.mark.parametrize(
    ("values", "share", "ticks"),
    [
        ([3.2, 71], False, (0, 20, 40, 60, 80)),
        ([0.62], True, (0, 0.25, 0.5, 0.75, 1)),
        ([0.04, 0.1], True, (0, 0.025, 0.05, 0.075, 0.1)),
        ([-2, 4], False, (-2, 0, 2, 4)),
        ([0.0], False, (0, 1)),
        ([], False, (0, 1)),
        ([float("inf"), 1], False, (0, 0.25, 0.5, 0.75, 1)),
    ],
)
def test_ticks_are_round(values: list[float], share: bool, ticks: tuple[float, ...]) -> None:
    assert scale(values, share=share).ticks == pytest.approx(ticks)


@given(st.lists(st.one_of(st.just(0.0), numbers), min_size=1, max_size=40))
def test_classes_hold_every_value_and_grow(values: list[float]) -> None:
    bounds = breaks(values)
    assert 1 <= len(bounds) <= 5
    assert bounds == sorted(set(bounds))
    assert bounds[-1] == max(values)
    places = [class_of(value, bounds) for value in sorted(values)]
    assert places == sorted(places)


#: Points per 100 km² of the regions of a border region: one side is a single region with ten times as many as most.
ONE_SIDE = [16.7, 17.7, 21.8, 22.9, 26.2, 31.0, 33.5, 36.0, 45.9, 51.7, 81.5, 81.5, 366.0]


def test_what_is_many_times_as_much_has_a_colour_of_its_own() -> None:
    bounds = breaks(ONE_SIDE)
    places = [class_of(value, bounds) for value in ONE_SIDE]
    assert [value for value, place in zip(ONE_SIDE, places, strict=True) if place == places[-1]] == [366.0]


def test_like_values_share_a_colour_and_zero_has_its_own() -> None:
    assert breaks([20.0, 20.4, 21.0, 90.0, 91.0]) == [21.0, 91.0]
    assert breaks([0.0, 0.0, 8.0, 8.1]) == [0.0, 8.1]
    assert breaks([7.0]) == [7.0]


def test_the_classes_have_the_least_squares_within_them() -> None:
    logs = [math.log(value) for value in ONE_SIDE]

    def squares(ends: tuple[int, ...]) -> float:
        parts = [logs[a:b] for a, b in itertools.pairwise((0, *(end + 1 for end in ends)))]
        return sum(sum((x - sum(part) / len(part)) ** 2 for x in part) for part in parts)

    last = len(logs) - 1
    for count in (2, 3, 4):
        best = min(squares((*ends, last)) for ends in itertools.combinations(range(last), count - 1))
        assert squares(tuple(_natural(logs, count))) == pytest.approx(best)


def test_only_zeros_are_one_class_and_zero_is_in_it() -> None:
    assert breaks([0.0, 0.0]) == [0.0]
    assert class_of(0.0, [0.0]) == 0


def test_a_frame_suits_a_screen_and_holds_its_box() -> None:
    for box in ((0, 0, 100, 1000), (0, 0, 1000, 100), (5, 5, 5, 5)):
        frame = fitted((*map(float, box),))  # type: ignore[arg-type]
        assert 0.69 < (frame.x1_m - frame.x0_m) / (frame.y1_m - frame.y0_m) < 1.61
        assert frame.x0_m < box[0]
        assert frame.y1_m > box[3]


def test_a_path_keeps_its_corners_in_whole_units() -> None:
    frame = Frame(0, 0, WIDTH, WIDTH)
    square = {"type": "Polygon", "coordinates": [[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]]}
    assert path(square, frame) == f"M0 {WIDTH}l0-10l10 0l0 10z"
    line = {"type": "MultiLineString", "coordinates": [[[0, 0], [0.2, 0.1], [5, 5]], [[7, 7], [7, 7]]]}
    assert path(line, frame) == f"M0 {WIDTH}l5-5"
    assert path(
        {"type": "GeometryCollection", "geometries": [square, {"type": "Point", "coordinates": [1, 1]}]}, frame
    ) == path(square, frame)
    assert not re.search(r"\d\.\d", path(square, frame))
