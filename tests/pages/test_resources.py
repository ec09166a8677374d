"""What runs took and cost: sums that do not invent, and prices that only come from the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from euregio.declarations import prices
from euregio.declarations.prices import load_prices
from euregio.errors import DeclarationError
from euregio.pages import draw, resources
from euregio.pages.models import RunState, Step, Used
from euregio.pages.render import money, seconds

LIST = """currency: EUR
source: an offer
core_hour: 0.036
gb_transferred: 0.5
gb_month: 2
countries:
  nl: {core_hour: 0.072}
"""


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def write(text: str) -> None:
        (tmp_path / "prices.yaml").write_text(text)

    monkeypatch.setattr(prices, "FILE", tmp_path / "prices.yaml")
    return write


def step(**took: Any) -> Step:
    return Step(task="check", state="success", tries_count=1, started_at=None, **took)


def test_a_run_takes_what_its_steps_took_and_memory_of_the_greatest() -> None:
    steps = [
        step(duration_s=2.0, processor_s=1.0, peak_memory_bytes=300, fetched_bytes=10, rows_count=5),
        step(duration_s=3.0, processor_s=0.5, peak_memory_bytes=400, zone_bytes=7, rows_count=4),
        step(duration_s=1.0),
    ]
    used = resources.of_steps(steps)
    assert used == Used(
        duration_s=6.0, processor_s=1.5, peak_memory_bytes=400, fetched_bytes=10, zone_bytes=7, rows_count=4
    )
    assert used.layer_bytes is None, "what no step measured is not known"


def test_a_run_that_was_not_measured_took_nothing_that_is_known() -> None:
    assert resources.of_steps([step(duration_s=3.0)]) is None
    assert resources.of_steps([]) is None
    assert resources.cost(None, "nl") is None


def test_cost_is_resource_times_price(declared: Any) -> None:
    declared(LIST)
    used = Used(processor_s=3600, fetched_bytes=2_000_000_000, zone_bytes=400_000_000, layer_bytes=100_000_000)
    cost = resources.cost(used, "de")
    assert cost is not None
    assert (cost.processor, cost.transfer, cost.total, cost.stored_a_month) == pytest.approx((0.036, 1.0, 1.036, 1.0))
    own = resources.cost(used, "nl")
    assert own is not None
    assert own.processor == pytest.approx(0.072)
    assert resources.why_no_cost("nl") is None


def test_a_part_that_was_not_measured_makes_no_total(declared: Any) -> None:
    declared(LIST)
    cost = resources.cost(Used(processor_s=10), "de")
    assert cost is not None
    assert (cost.transfer, cost.total, cost.stored_a_month) == (None, None, None)


def test_a_part_without_a_price_is_named_and_not_counted(declared: Any) -> None:
    declared("currency: EUR\nsource: an offer\ncore_hour: 1\n")
    cost = resources.cost(Used(processor_s=36, fetched_bytes=5), "de")
    assert cost is not None
    assert (cost.total, cost.transfer, cost.without_price) == (0.01, None, ["transfer", "storage"])


@pytest.mark.parametrize("text", [None, "countries: {}\n", "currency: EUR\nsource: an offer\n"])
def test_without_a_price_nothing_costs_anything_that_is_known(declared: Any, text: str | None) -> None:
    if text:
        declared(text)
    assert resources.cost(Used(processor_s=36), "de") is None
    assert "No price is declared" in str(resources.why_no_cost("de"))


@pytest.mark.parametrize(
    "text", ["core_hour: 1\n", "core_hour: -1\ncurrency: EUR\nsource: x y z\n", "kilowatt: 3\n", "currency: euro\n"]
)
def test_a_wrong_list_is_refused_with_its_line_and_the_page_says_so(declared: Any, text: str) -> None:
    declared(text)
    with pytest.raises(DeclarationError, match=r"prices.yaml line \d"):
        load_prices()
    assert resources.cost(Used(processor_s=36), "de") is None
    assert "euregio check" in str(resources.why_no_cost("de"))


def test_the_list_that_is_shipped_names_no_price() -> None:
    shipped = load_prices()
    assert not shipped.known
    assert not shipped.countries


@pytest.mark.parametrize(
    ("value", "words"), [(0.000123, "EUR 0.000123"), (12.5, "EUR 12.50"), (0, "EUR 0.00"), (1e-12, "< EUR 0.00000001"), (None, "–")]
)  # fmt: skip
def test_money_is_never_rounded_to_nothing(value: float | None, words: str) -> None:
    assert money(value, "EUR") == words


def test_spans_are_told_in_the_unit_that_fits() -> None:
    assert [seconds(value) for value in (None, 0.4211, 250.2, 7300)] == ["–", "0.421\u202fs", "4\u202fmin 10\u202fs", "2\u202fh 1\u202fmin"]  # fmt: skip


def test_the_lines_of_runs_leave_out_what_was_not_measured() -> None:
    runs = [
        RunState(run_id=f"run-{number}", state="success", used=Used(processor_s=value) if value else None)
        for number, value in enumerate([3.0, None, 1.0])
    ]
    (line,) = draw.used(runs)
    assert (line["title"], line["count"], line["first"], line["last"]) == ("Processor time", 2, 1.0, 3.0)
