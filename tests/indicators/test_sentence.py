"""A value is said in one sentence, with numbers as the language writes them."""

from __future__ import annotations

import pytest

from euregio.declarations.regions import load_region
from euregio.indicators.registry import load_indicator, load_indicators
from euregio.indicators.sentence import number, say_contrast, say_value

RHINE = load_region("upper-rhine")


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [(1234567, "en", "1,234,567"), (1234.5, "de", "1.234"), (0.012345, "en", "0.0123"), (2.5, "fr", "2,5"), (0, "en", "0"), (99.96, "en", "100"),
     (12.0, "en", "12"), (-3.14159, "en", "-3.14"), (100, "en", "100")],
)  # fmt: skip
def test_a_number_has_three_significant_digits(value: float, language: str, text: str) -> None:
    assert number(value, language) == text


def test_a_side_is_said_with_its_value() -> None:
    assert (
        say_value(load_indicator("point_density"), RHINE, "de", 12.345)
        == "The German side has 12.3 recharging points per 100 km²."
    )


def test_the_whole_is_said_with_the_regions_name() -> None:
    assert (
        say_value(load_indicator("point_density"), RHINE, "whole", 12)
        == "The whole of Upper Rhine has 12 recharging points per 100 km²."
    )


def test_shares_are_said_as_percentages() -> None:
    said = say_value(load_indicator("fast_share"), RHINE, "fr", 0.2345, "from 150 kW")
    assert said == "23.4 % of the recharging points of the French side give 150 kW or more."


def test_a_contrast_names_the_higher_side_first() -> None:
    said = say_contrast(load_indicator("point_density"), RHINE, ("de", "fr"), (5.0, 12.0))
    assert said.startswith(
        "Per square kilometre, the French side has 2.4 times as many recharging points as the German side (12 against 5"
    )


def test_sides_that_are_alike_are_said_to_be_alike() -> None:
    said = say_contrast(load_indicator("point_density"), RHINE, ("de", "fr"), (10.0, 10.2))
    assert (
        said
        == "The French side and the German side have as many recharging points per square kilometre (about 10.2 per 100 km²)."
    )


def test_values_on_both_sides_of_the_turn_are_said_to_go_opposite_ways() -> None:
    said = say_contrast(load_indicator("border_cliff"), RHINE, ("de", "fr"), (0.456, 3.75))
    assert said == (
        "Towards the border, supply falls off on the French side and rises on the German side: recharging points stand "
        "3.75 and 0.456 times as dense 10 to 25 km from the border as within 10 km of it."
    )


@pytest.mark.parametrize("values", [(3.75, 1.5), (0.9, 0.4), (3.0, 1.0), (1.0, 0.3), (1.02, 0.5), (2.0, 0.97)])
def test_values_on_one_side_of_the_turn_or_at_it_are_not_said_to_go_opposite_ways(values) -> None:
    said = say_contrast(load_indicator("border_cliff"), RHINE, ("de", "fr"), values)
    assert said.startswith(f"Recharging points stand {number(values[0])} times as dense 10 to 25 km from the border")
    assert "falls" not in said


def test_nothing_is_infinitely_many_times_zero() -> None:
    said = say_contrast(load_indicator("point_density"), RHINE, ("de", "fr"), (0.0, 10.0))
    assert (
        said
        == "The French side has 10 recharging points per 100 km². The German side has 0 recharging points per 100 km²."
    )


def test_a_direction_across_the_border_has_the_label_of_its_dimension() -> None:
    said = say_value(load_indicator("nearest_fast_across"), RHINE, "de", 9.0, "median to fr")
    assert (
        said
        == "From half of the points near the border of the German side, the nearest point of 150 kW or more across it is at most 9 km away."
    )


@pytest.mark.parametrize("indicator", load_indicators("charging").values(), ids=lambda one: one.id)
def test_every_template_can_be_filled(indicator) -> None:
    for dimension in indicator.header.dimensions:
        for values in ((1.0, 3.0), (2.0, 2.0), (0.0, 0.0), (0.0, 1.0), (0.5, 3.0)):
            said = say_contrast(indicator, RHINE, ("de", "ch"), values, dimension)
            assert said.endswith(".")
            assert "{" not in said
