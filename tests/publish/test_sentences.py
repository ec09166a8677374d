"""Sentences: from templates with named values, three digits at most, the weightiest difference first."""

from __future__ import annotations

import json
import math
import re
import string
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from atlas_world import regions

from euregio.errors import DeclarationError
from euregio.indicators.registry import load_indicator, load_indicators
from euregio.indicators.values import Value
from euregio.publish.atlas import cards
from euregio.publish.atlas.headline import comparability, headline
from euregio.publish.atlas.layout import load_layout
from euregio.publish.atlas.messages import FOLDER, load_messages, significant
from euregio.publish.atlas.values_of import Told, factor_log, say_reason, say_title, say_withdrawn

PAIR = regions()["pair"]
WORDS = load_messages("en")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def value(
    indicator: str, side: str, number: float | None, *, dimension: str = "", reason: str | None = None, missing: int = 0
) -> Value:
    kind = "contrast" if ":" in side else "whole" if side == "whole" else "side"
    inputs = json.dumps([{"dataset": "aa.points", "table": "recharging_point", "period": "p", "run_id": "r", "snapshot_id": 1,
                          "rows": 100, "missing": missing, "excluded": 0}])  # fmt: skip
    unit = load_indicator(indicator).header.unit
    return Value("charging", indicator, "1.0.0", "pair", side, kind, "2026-11-20", dimension, number, unit, 100, 1.0,
                 "withheld" if number is None else "published", reason, inputs, "run", NOW)  # fmt: skip


def told(
    indicator: str,
    a: float | None,
    b: float | None,
    *,
    dimension: str = "",
    reason: str | None = None,
    missing: int = 0,
) -> Told:
    known = a is not None and b not in (None, 0)
    contrast = a / b if known else None  # type: ignore[operator]
    values = (value(indicator, "a", a, dimension=dimension, reason=reason), value(indicator, "b", b, dimension=dimension, reason=reason),
              value(indicator, "a:b", contrast, dimension=dimension, reason=reason, missing=missing))  # fmt: skip
    return Told(load_indicator(indicator), PAIR, values)


def test_a_title_sets_the_sides_against_each_other_with_three_digits() -> None:
    assert say_title(told("power_density", 12345.678, 3086.4), WORDS) == (
        "Per square kilometre, the A side has 4 times as much public charging power as the B side (12,300 against 3,090 kW per 100 km²)."
    )


def test_a_title_of_one_known_side_tells_its_value_and_of_none_that_it_is_withheld() -> None:
    assert (
        say_title(told("point_density", None, 3.14159, reason="x"), WORDS)
        == "The B side has 3.14 recharging points per 100 km²."
    )
    assert (
        say_title(told("point_density", None, None, reason="x"), WORDS)
        == "Recharging points per 100 km²: withheld on every side"
    )


def test_the_first_sentence_tells_the_weightiest_difference_and_what_it_leaves_out() -> None:
    lead, caveats = headline(
        [told("point_density", 10, 9), told("fast_share", 0.4, 0.1, dimension="from 50 kW", missing=3), told("fleet_target", 900, 1)],
        load_layout(), WORDS,
    )  # fmt: skip
    assert (
        lead
        == "A recharging point gives 50 kW or more 4 times as often on the A side as on the B side (40 % against 10 %)."
    )
    assert caveats == ["3 of 103 recharging points behind it lack what the indicator needs and are left out."]


def test_without_a_difference_the_first_sentence_says_so_and_why() -> None:
    one = told("point_density", 5.0, None, reason="no dataset of recharging points of BB is released")
    lead, caveats = headline([one], load_layout(), WORDS)
    assert lead.startswith("No difference between the sides can be told yet")
    assert caveats == [
        "The A side has 5 recharging points per 100 km².",
        "B side: nothing can be told, because no dataset of recharging points of BB is released.",
    ]


def test_two_values_and_the_logarithm_of_their_factor() -> None:
    assert factor_log(2, 1) == factor_log(1, 2) == pytest.approx(math.log(2))
    assert factor_log(0, 0) == 0
    assert factor_log(0, 3) == factor_log(-1, 3) == math.inf


def test_a_reason_names_the_side_in_words() -> None:
    assert say_reason("b: coverage 0.2 is below the floor", PAIR, WORDS) == "B side: coverage 0.2 is below the floor"
    assert say_reason("a: only 2 rows; the floor is 5; b: no value", PAIR, WORDS) == (
        "A side: only 2 rows; the floor is 5; B side: no value"
    )
    assert say_reason("zz: kept as it is", PAIR, WORDS) == "zz: kept as it is"
    assert say_reason(None, PAIR, WORDS) == "no reason is stored"


def test_what_differs_between_the_data_is_told_beside_every_number() -> None:
    notes = comparability([told("data_coverage", 0.99, 0.5, dimension="evse id"), told("data_definition", 0.5, 0.45, dimension="power computed")],
                          load_layout(), WORDS)  # fmt: skip
    assert notes == [
        "99 % of the recharging points of the A side have an EVSE id in the data, 50 % of those of the B side."
    ]


def test_a_withheld_value_has_no_place_and_its_reason_once() -> None:
    one = told("fast_share", None, 0.5, dimension="from 50 kW", reason="only 2 rows; the floor is 5")
    shown = cards.card(one, {}, [], WORDS)
    rows = {row.side_id: row for row in shown["charts"][0]["rows"]}
    assert (rows["a"].place, rows["a"].shown) == (None, "withheld")
    assert (rows["b"].place, rows["b"].shown) == (50.0, "50 %")
    assert shown["reasons"] == ["A side: only 2 rows; the floor is 5"]
    assert not shown["is_withheld"]


def test_a_whole_that_lacks_several_sides_says_so_once() -> None:
    values = (
        value("fast_share", "a", None, dimension="from 50 kW", reason="only 2 rows; the floor is 5"),
        value("fast_share", "b", None, dimension="from 50 kW", reason="no row"),
        value("fast_share", "whole", None, dimension="from 50 kW", reason="a: only 2 rows; the floor is 5; b: no row"),
    )
    shown = cards.card(Told(load_indicator("fast_share"), PAIR, values), {}, [], WORDS)
    assert shown["reasons"] == [
        "A side: only 2 rows; the floor is 5",
        "B side: no row",
        "Whole region: told only where every side is",
    ]


def test_a_floor_for_each_part_is_said_as_such() -> None:
    shown = cards.card(told("border_cliff", 2.0, 0.5), {}, [], WORDS)
    assert shown["trace"]["floor"] == "coverage 90 % and 5 rows in each band on"


def test_a_value_that_lacks_a_withdrawn_release_says_so_once_on_its_card() -> None:
    gone = {
        "dataset": "aa.points",
        "period": "2026-11-20",
        "reason": "Twice the same file.",
        "retracted_on": "2026-11-21",
    }
    one = told("point_density", 10, 5)
    known = {
        value.side_id: replace(value, withdrawn_inputs=json.dumps([gone]))
        for value in one.values
        if value.side_id != "b"
    }
    one = replace(one, values=tuple(known.get(value.side_id, value) for value in one.values))
    said = cards.card(one, {}, [], WORDS)["lacked"]
    assert said == [
        "Computed without the release 2026-11-20 of “aa.points”, which was withdrawn on 2026-11-21: Twice the same file."
    ]
    assert say_withdrawn(one.values, {"aa.points": "Points of A"}, WORDS)[0].startswith(
        "Computed without the release 2026-11-20 of “Points of A”"
    )
    assert cards.card(told("point_density", 10, 5), {}, [], WORDS)["lacked"] == []


def test_zero_is_a_value_with_a_place() -> None:
    shown = cards.card(told("point_density", 0.0, 3.0), {}, [], WORDS)
    assert shown["charts"][0]["rows"][0].place == 0
    assert shown["charts"][0]["rows"][0].shown == "0"
    assert shown["reasons"] == []


def test_what_is_nearly_zero_is_not_shown_as_zero() -> None:
    shown = cards.card(told("point_density", 0.0000123, 3.0), {}, [], WORDS)
    assert shown["charts"][0]["rows"][0].shown == "< 0.001"
    assert shown["rows"][0]["value"] == "0.0000123"


def test_a_csv_holds_exact_numbers_and_no_formula() -> None:
    one = replace(value("point_density", "a", 1 / 3), dimension="=HYPERLINK(1)", reason="@x")
    lines = cards.as_csv([one]).split("\r\n")
    assert "0.3333333333333333" in lines[1]
    assert "'=HYPERLINK(1)" in lines[1]
    assert "'@x" in lines[1]
    assert cards.data_uri('a"<b>').endswith("a%22%3Cb%3E")


def test_numbers_keep_three_significant_digits_and_counts_all() -> None:
    assert WORDS.number(123456.7) == "123,000"
    assert WORDS.number(0.0123456) == "0.0123"
    assert WORDS.count(1234567) == "1,234,567"
    assert WORDS.percent(0.98765) == "98.8 %"
    assert significant(0) == 0


def test_english_says_everything_that_the_templates_and_modules_ask_for() -> None:
    here = FOLDER.parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in (*here.glob("*.py"), *here.glob("templates/*")))
    asked = set(re.findall(r"(?:words|say)\([\"'](\w+)[\"']", code))
    asked |= {f"{head}_{group.id}" for head in ("group", "about") for group in load_layout().groups}
    asked |= {f"contrast_{kind}" for kind in ("ratio", "min_max")} | {
        f"power_{power}" for power in ("slow", "fast", "strong", "unknown")
    }
    asked |= {"measure_density", "measure_strong", "measure_power", "measure_fast_share", "measure_inhabitants"}
    for name in asked:
        template = WORDS._templates[name]
        WORDS(name, **{field: "x" for _, field, _, _ in string.Formatter().parse(template) if field})


def test_every_indicator_has_a_place_on_the_page_or_stands_in_the_last_group() -> None:
    layout = load_layout()
    known = load_indicators("charging")
    assert set(layout.headline) | {layout.map_indicator, *layout.comparability.indicators} <= set(known)
    assert dict(layout.grouped(["point_density", "brand_new"])) == {"supply": ["point_density"], "more": ["brand_new"]}


def test_a_message_without_its_value_is_an_error_that_names_the_message(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="page_title"):
        WORDS("page_title")
    (tmp_path / "en.yaml").write_text("sentences: {}\nnotes: {}\n")
    with pytest.raises(DeclarationError, match="no file of messages"):
        load_messages("en", tmp_path)
