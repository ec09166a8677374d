"""Every indicator gives the numbers that were worked out by hand for the tiny world."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import yaml
from tiny_world import NOW, build, empty

from euregio.declarations.regions import load_regions
from euregio.indicators.registry import load_indicators
from euregio.indicators.run import compute
from euregio.indicators.values import Value

HERE = Path(__file__).parent
TRUTH = yaml.safe_load((HERE / "truth.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str, str], Value]:
    with empty(tmp_path_factory.mktemp("home")) as con:
        build(con)
        values = compute(
            con,
            "charging",
            "2026-11-20",
            run_id="test",
            regions=load_regions(HERE / "regions").values(),
            computed_at=NOW,
        )
    keyed = {(v.indicator_id, v.region_id, v.side_id, v.dimension): v for v in values}
    assert len(keyed) == len(values)
    return keyed


@pytest.mark.parametrize(
    ("region", "indicator", "side", "dimension", "value", "n", "coverage"),
    [(region, *row) for region, rows in TRUTH.items() for row in rows],
    ids=lambda x: str(x) or "-",
)
def test_the_value_is_the_one_worked_out_by_hand(
    computed, region, indicator, side, dimension, value, n, coverage
) -> None:
    found = computed[indicator, region, side, dimension]
    assert found.reason is None
    assert found.status == "published"
    assert found.value == pytest.approx(value, rel=1e-5, abs=1e-9)
    assert found.n == n
    assert found.coverage == pytest.approx(coverage, rel=1e-5)


def test_every_indicator_has_a_value_worked_out_by_hand() -> None:
    assert {row[0] for rows in TRUTH.values() for row in rows} == set(load_indicators("charging"))


@pytest.mark.parametrize("indicator", load_indicators("charging"))
def test_a_side_without_data_is_withheld_and_never_zero(computed, indicator: str) -> None:
    numbers = [v for (i, region, side, _), v in computed.items() if (i, region, side) == (indicator, "lonely", "c")]
    assert numbers
    for number in numbers:
        assert number.value is None
        assert number.status == "withheld"
        assert number.reason


def test_the_reason_says_that_a_country_has_no_dataset(computed) -> None:
    assert computed["point_density", "lonely", "c", ""].reason == "no dataset of recharging points of CC is released"


def test_the_reason_names_a_nuts_region_that_the_layer_lacks(computed) -> None:
    assert computed["point_density", "lonely", "d", ""].reason == "the layer has no polygon of NUTS 3 region DD001"


def test_the_whole_is_withheld_while_one_of_its_sides_is_and_names_each(computed) -> None:
    whole = computed["point_density", "lonely", "whole", ""]
    assert (whole.value, whole.reason) == (
        None,
        "c: no dataset of recharging points of CC is released; d: the layer has no polygon of NUTS 3 region DD001",
    )
    assert computed["point_density", "lonely", "a", ""].value == pytest.approx(3.5)


def test_a_contrast_is_withheld_with_the_reason_of_its_side(computed) -> None:
    assert (
        computed["point_density", "lonely", "a:c", ""].reason == "c: no dataset of recharging points of CC is released"
    )


def test_a_contrast_names_both_of_its_sides_where_both_are_withheld(computed) -> None:
    assert (
        computed["point_density", "lonely", "c:d", ""].reason == computed["point_density", "lonely", "whole", ""].reason
    )


def test_too_few_points_in_one_band_withhold_the_cliff_however_many_the_other_has(computed) -> None:
    # Each side has 5 points within 10 km and 2 beyond: 7 in all.
    too_few = "only 2 rows at 10-25 km from the border; the floor is 5 in each band"
    for indicator, dimension in (("border_cliff", ""), ("border_density", "10-25 km")):
        for side in ("a", "b"):
            found = computed[indicator, "pair", side, dimension]
            assert (found.value, found.reason) == (None, too_few)
        for both in ("whole", "a:b"):
            assert computed[indicator, "pair", both, dimension].reason == f"a: {too_few}; b: {too_few}"
    assert computed["border_cliff", "pair", "a", ""].n == 7


def test_a_country_number_is_not_used_for_a_part_of_the_country(computed) -> None:
    target = computed["fleet_target", "pair", "b", ""]
    assert (target.value, target.status) == (None, "withheld")
    attainment = computed["fleet_target_attainment", "pair", "b", ""]
    assert attainment.reason == "no year in which registrations (M1 and N1, BEV and PHEV) cover the whole side"


def test_a_side_without_status_observations_has_no_availability(computed) -> None:
    for indicator in ("availability", "utilisation", "status_unknown_share"):
        found = computed[indicator, "pair", "b", ""]
        assert (found.value, found.n, found.coverage) == (None, 0, 0)
    assert (
        computed["status_snapshot_share", "pair", "b", "available"].reason
        == "no point of the side has a status observation"
    )


def test_a_publisher_that_states_no_instant_has_no_stated_age(computed) -> None:
    assert computed["data_vintage", "pair", "b", "stated oldest"].reason == "no dataset of the side states the instant"


def test_a_contrast_of_shares_has_the_unit_of_its_kind(computed) -> None:
    assert computed["point_density", "pair", "a:b", ""].unit == "1"
    assert computed["data_vintage", "pair", "a:b", "fetched oldest"].unit == "days"


def test_inputs_name_dataset_table_period_run_snapshot_and_rows(computed) -> None:
    inputs = json.loads(computed["point_density", "pair", "a", ""].inputs)
    assert {"dataset": "aa.points", "table": "recharging_point", "period": "2026-11-20", "run_id": "run-a", "snapshot_id": 3,
            "rows": 7, "missing": 0, "excluded": 2} in inputs  # fmt: skip
    assert {"dataset": "eu.nuts", "table": "nuts_region", "period": "2024", "run_id": "run-n", "snapshot_id": 1,
            "rows": 1, "missing": 0, "excluded": 0} in inputs  # fmt: skip
    whole = json.loads(computed["point_density", "pair", "whole", ""].inputs)
    assert {entry["dataset"]: entry["rows"] for entry in whole} == {"aa.points": 7, "bb.points": 9, "eu.nuts": 3}


def test_nothing_but_temporary_tables_is_made(layer: duckdb.DuckDBPyConnection, regions) -> None:
    before = layer.execute("SELECT count(*) FROM duckdb_tables() WHERE NOT temporary").fetchone()
    compute(layer, "charging", "2026-11-20", run_id="test", regions=[regions["pair"]], computed_at=NOW)
    assert layer.execute("SELECT count(*) FROM duckdb_tables() WHERE NOT temporary").fetchone() == before
    assert layer.execute("SELECT count(*) FROM indicators.value").fetchone() == (0,)
    # What the caller does with it fits the contract's table.
    layer.execute("INSERT INTO indicators.value BY NAME FROM computed_values")
