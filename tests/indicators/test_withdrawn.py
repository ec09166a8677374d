"""A release that was taken back: the values that used it are computed without it and say so, the others do not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tiny_world import NOW

from euregio.indicators.explain import explain
from euregio.indicators.run import compute
from euregio.indicators.withdrawn import Withdrawals
from euregio.release.retract import clear_period

POINTS, PERIOD = "bb.points", "2026-11-20"
WHY = "coordinates of another year"


def stored(layer, regions, only: str | None = None):
    """Compute anew, and store what was computed in place of what was."""
    values = compute(layer, "charging", PERIOD, run_id="run", regions=regions.values(), computed_at=NOW, only=only)
    layer.execute("DELETE FROM indicators.value")
    layer.execute("INSERT INTO indicators.value BY NAME FROM computed_values")
    return values


def lacked(values, indicator: str, region: str = "pair") -> dict[str, list[str]]:
    """By side: the releases that its value says it lacks."""
    return {
        v.side_id: [
            f"{one['dataset']} {one['period']}: {one['reason']}" for one in json.loads(v.withdrawn_inputs or "[]")
        ]
        for v in values
        if (v.indicator_id, v.region_id) == (indicator, region)
    }


def retracted(layer, dataset: str = POINTS, period: str = PERIOD) -> None:
    clear_period(layer, dataset, period)
    layer.execute(
        "INSERT INTO catalogue.retraction VALUES (?, ?, 'batch', 'anna', ?, 3, ?)", [dataset, period, WHY, NOW]
    )


def test_without_a_retraction_no_value_says_anything(layer, regions) -> None:
    assert all(value.withdrawn_inputs is None for value in stored(layer, regions))


def test_values_that_used_the_release_say_so_and_the_others_do_not(layer, regions) -> None:
    stored(layer, regions)
    retracted(layer)
    values = stored(layer, regions)
    said = [f"{POINTS} {PERIOD}: {WHY}"]
    assert lacked(values, "point_density") == {"a": [], "b": said, "whole": said, "a:b": said}
    (withheld,) = (v for v in values if (v.indicator_id, v.region_id, v.side_id) == ("point_density", "pair", "b"))
    assert withheld.value is None
    assert set(map(str, lacked(values, "fleet_target").values())) == {"[]"}, "it is made of registrations only"
    again = stored(layer, regions)
    assert lacked(again, "point_density") == lacked(values, "point_density"), (
        "it says so as long as nothing newer stands"
    )


def test_explain_tells_it_without_the_persons_name(layer, regions) -> None:
    stored(layer, regions)
    retracted(layer)
    stored(layer, regions)
    told = explain(layer, "point_density", regions["pair"])
    note = f"Computed without {POINTS} {PERIOD}, which was withdrawn on 2026-11-20: {WHY}"
    assert told.notes[0] == note
    assert note in told.text()
    assert "anna" not in told.to_json()
    assert all(WHY not in note for note in explain(layer, "point_density", regions["pair"], side="a").notes)


def test_a_release_of_the_period_anew_ends_it(layer, regions) -> None:
    stored(layer, regions)
    kept = {place: layer.execute(f"FROM {place} WHERE {column} = '{POINTS}'").to_arrow_table()
            for place, column in (("core.recharging_point", "_dataset"), ("core.recharging_station", "_dataset"),
                                  ("catalogue.release", "dataset"))}  # fmt: skip
    retracted(layer)
    stored(layer, regions)
    for place, rows in kept.items():
        layer.register("rows_again", rows)
        layer.execute(f"INSERT INTO {place} BY NAME FROM rows_again")
    values = stored(layer, regions)
    assert all(value.withdrawn_inputs is None for value in values)
    assert all(
        value.value is not None
        for value in values
        if value.indicator_id == "point_density" and value.region_id == "pair"
    )


GONE = {"dataset": "nl.points", "period": "2026-11-21", "reason": WHY, "retracted_on": "2026-11-22"}


@pytest.mark.parametrize(
    ("periods", "is_said"),
    [
        (["2026-11-20"], True),  # what was in force before is in force again
        (["2026-11-22"], False),  # a newer release stands
        (["2026-11-01..2026-11-30"], True),  # a gap within many periods
        (["2026-11-22..2026-11-30"], False),
        (["2026-11-20", "2026-11-22"], True),
        ([], False),  # the dataset is not behind the value, nor was it
    ],
)
def test_a_retraction_concerns_what_would_have_used_it(periods: list[str], is_said: bool) -> None:
    found = Withdrawals((GONE,), {})
    inputs = [{"dataset": "nl.points", "period": period} for period in periods]
    inputs.append({"dataset": "nl.status", "period": "2026-11-01"})
    said = found.of(("point_density", "meuse", "nl"), inputs)
    assert (said is not None) is is_said
    if said:
        assert json.loads(said) == [GONE]


def test_where_nothing_of_the_dataset_is_left_the_value_before_decides() -> None:
    before = {("point_density", "meuse", "nl"): frozenset({("nl.points", "2026-11-21")})}
    found = Withdrawals((GONE,), before)
    assert found.of(("point_density", "meuse", "nl"), []) is not None
    assert found.of(("point_density", "meuse", "be"), []) is None
    assert replace(found, retracted=()).of(("point_density", "meuse", "nl"), []) is None
