"""An explanation names everything that a value is made of, and its rows add up to the value."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pytest
from tiny_world import NOW, build, empty

from euregio.errors import DeclarationError
from euregio.indicators.explain import explain
from euregio.indicators.registry import load_indicators
from euregio.indicators.run import compute
from euregio.indicators.sentence import number


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, regions) -> Iterator[duckdb.DuckDBPyConnection]:
    layer = empty(tmp_path_factory.mktemp("home"))
    build(layer)
    compute(layer, "charging", "2026-11-20", run_id="run-i", regions=regions.values(), computed_at=NOW)
    layer.execute("INSERT INTO indicators.value BY NAME FROM computed_values")
    layer.execute(
        "INSERT INTO quality.verdict VALUES ('aa.points', 'recharging_point', '2026-11-20', 'run-a', 'quarantined', 'zero_coordinates', 2)"
    )
    yield layer
    layer.close()


def test_the_trace_names_datasets_runs_snapshots_counts_and_licences(stored, regions) -> None:
    trace = explain(stored, "point_density", regions["pair"], "a")
    assert trace.is_stored
    assert [v["value"] for v in trace.values] == [pytest.approx(3.5)]
    (points,) = [d for d in trace.datasets if d["table"] == "recharging_point"]
    assert (points["dataset"], points["run_id"], points["snapshot_id"], points["rows"]) == ("aa.points", "run-a", 3, 7)
    assert (points["rows_in_count"], points["admitted_count"], points["quarantined_count"]) == (20, 18, 2)
    assert points["quarantine_reasons"] == {"zero_coordinates": 2}
    assert trace.credits == ["Publisher of A (CC-BY-4.0)", "© EuroGeographics (EuroGeographics)"]


def test_what_is_left_out_is_told_with_its_reason(stored, regions) -> None:
    trace = explain(stored, "fast_share", regions["pair"], "a")
    assert {(e["role"], e["why"]): e["rows_count"] for e in trace.left_out} == {
        ("excluded", "planned"): 1, ("excluded", "private access"): 1, ("missing", "no power"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(("indicator", "table"), [("point_density", "recharging_point"), ("fast_share", "recharging_point"),
                                                  ("power_density", "recharging_station"), ("fleet_target", "vehicle_registration")])  # fmt: skip
def test_the_rows_behind_are_as_many_as_the_value_says(stored, regions, indicator: str, table: str) -> None:
    trace = explain(stored, indicator, regions["pair"], "a", rows=True)
    used = [row for row in trace.rows or [] if row["role"] == "used" and row["table_name"] == table]
    assert len(used) == trace.values[0]["n"]


def test_rows_tell_point_dataset_power_and_place(stored, regions) -> None:
    trace = explain(stored, "fast_share", regions["pair"], "b", rows=True)
    row = next(row for row in trace.rows or [] if row["row_id"] == "B2")
    assert (row["dataset"], row["power_kw"], row["nuts3_code"]) == ("bb.points", 150, "BB001")
    assert {"latitude_deg", "longitude_deg"} <= set(row)


def test_rows_can_be_limited(stored, regions) -> None:
    assert len(explain(stored, "fast_share", regions["pair"], rows=True, row_limit=3).rows or []) == 3


def test_parameters_come_with_their_source(stored, regions) -> None:
    trace = explain(stored, "fleet_target", regions["pair"])
    factors = {p["name"]: (p["value"], p["source"]) for p in trace.parameters}
    assert factors["kw_per_bev"][0] == "1.3"
    assert "Article 3(1)" in factors["kw_per_phev"][1]


@pytest.mark.parametrize(
    ("indicator", "named"),
    [
        ("fast_share", {"fast_thresholds_kw"}), ("point_density", set()), ("power_density", set()),
        ("border_cliff", {"border_near_km", "border_far_km", "border_gap_km"}),
        ("nearest_fast_across", {"strong_power_kw", "border_near_km", "border_gap_km"}),
        ("fleet_target", {"kw_per_bev", "kw_per_phev"}),
        ("status_snapshot_share", {"snapshot_hours", "status_window_days", "computed_at"}),
        ("availability", {"status_cap_min", "status_window_days", "computed_at"}),
    ],
)  # fmt: skip
def test_only_parameters_that_the_value_rests_on_are_named(stored, regions, indicator: str, named: set[str]) -> None:
    assert {p["name"] for p in explain(stored, indicator, regions["pair"]).parameters} == named


def test_the_instant_of_the_computation_is_told_as_that_instant(stored, regions) -> None:
    (told,) = (p for p in explain(stored, "data_vintage", regions["pair"]).parameters if p["name"] == "computed_at")
    assert told["value"].startswith("2026-11-20T12:00:00")


def test_a_derived_table_has_snapshot_licence_and_credit_of_what_it_came_with(layer, regions) -> None:
    layer.execute("DELETE FROM catalogue.release WHERE table_name = 'recharging_station'")
    trace = explain(layer, "power_density", regions["pair"], "a")
    (stations,) = [d for d in trace.datasets if d["table"] == "recharging_station"]
    assert (stations["snapshot_id"], stations["licence_id"], stations["counts_of"]) == (
        3,
        "CC-BY-4.0",
        "recharging_point",
    )
    assert "Publisher of A (CC-BY-4.0)" in trace.credits
    assert "read 20 rows of recharging_point: admitted 18, corrected 0, quarantined 2" in trace.text()


def test_the_text_says_numbers_as_people_read_them(stored, regions) -> None:
    density = explain(stored, "point_density", regions["pair"]).text()
    assert "  a       3.5 points/100 km² (7 rows" in density
    assert " times: " in density
    assert "e+0" not in density
    assert density.count("run-i") == 1, "the run is said once, not beside every value"
    share = explain(stored, "fast_share", regions["pair"]).text()
    assert "from 50 kW\n" in share
    assert " % (" in share
    assert "snapshot None" not in share


@pytest.mark.parametrize(
    ("value", "text"), [(7827.0, "7,827"), (1234567.0, "1,234,567"), (250519.4, "250,519"), (0.24377, "0.2438"), (0.0, "0")]
)  # fmt: skip
def test_whole_numbers_are_not_cut(value: float, text: str) -> None:
    assert number(value, digits=4) == text
    assert number(7827.0) == "7,827"


def test_differences_between_the_sides_are_told(stored, regions) -> None:
    trace = explain(stored, "point_density", regions["pair"])
    told = [note for note in trace.comparability if note.endswith("a 57.1 %, b 100 %")]
    assert told == ["Differences of definition between the sides (rows are EVSEs with an id): a 57.1 %, b 100 %"]


def test_a_release_made_since_is_told(stored, regions) -> None:
    stored.execute("UPDATE catalogue.release SET run_id = 'run-later' WHERE dataset = 'aa.points'")
    assert any("released again" in note for note in explain(stored, "point_density", regions["pair"], "a").notes)
    stored.execute("UPDATE catalogue.release SET run_id = 'run-a' WHERE dataset = 'aa.points'")


def test_values_are_computed_where_none_are_stored(layer, regions) -> None:
    trace = explain(layer, "point_density", regions["pair"], "a")
    assert not trace.is_stored
    assert trace.values[0]["value"] == pytest.approx(3.5)


@pytest.mark.parametrize("indicator", load_indicators("charging"))
def test_every_indicator_can_be_explained_as_text_and_json(stored, regions, indicator: str) -> None:
    trace = explain(stored, indicator, regions["pair"], rows=True)
    assert trace.title in trace.text()
    assert json.loads(trace.to_json())["indicator_id"] == indicator
    assert trace.rows


def test_an_unknown_side_is_refused_by_name(stored, regions) -> None:
    with pytest.raises(DeclarationError, match="no such side; found x; expected a, b"):
        explain(stored, "point_density", regions["pair"], "x")
