"""Below its floor, or without its data, a value is withheld with the reason: missing is never zero, zero is a value."""

from __future__ import annotations

import re
from datetime import timedelta

import duckdb
import pytest
from tiny_world import NOW

from euregio.indicators.registry import load_indicator
from euregio.indicators.run import compute
from euregio.indicators.values import Measured, Value, contrast, sound


def values(con: duckdb.DuckDBPyConnection, region, indicator: str) -> dict[tuple[str, str], Value]:
    found = compute(con, "charging", "2026-11-20", run_id="test", regions=[region], computed_at=NOW, only=indicator)
    return {(v.side_id, v.dimension): v for v in found}


def test_an_empty_layer_gives_reasons_and_no_number(empty_layer, regions) -> None:
    found = compute(empty_layer, "charging", "2026-11-20", run_id="test", regions=regions.values(), computed_at=NOW)
    assert found
    assert all(v.value is None and v.status == "withheld" and v.reason for v in found)


def test_without_population_the_value_is_withheld(layer, regions) -> None:
    layer.execute("DELETE FROM core.population WHERE nuts_code = 'BB002'")
    for indicator in ("points_per_inhabitants", "power_per_inhabitants"):
        found = values(layer, regions["pair"], indicator)
        assert found["b", ""].value is None
        assert found["b", ""].reason == "no year in which every NUTS 3 region of the side has a population"
        assert found["a", ""].value is not None
        assert found["whole", ""].reason.startswith("b: no year")


def test_no_strong_point_is_a_share_of_zero_which_is_a_value(layer, regions) -> None:
    layer.execute("UPDATE core.recharging_point SET power_kw = 22 WHERE _dataset = 'bb.points'")
    found = values(layer, regions["pair"], "fast_share")
    assert (found["b", "from 150 kW"].value, found["b", "from 150 kW"].status) == (0, "published")
    # A quotient by that zero has no value, and says so.
    assert found["a:b", "from 150 kW"].reason == "the divisor is zero: the quotient has no value"


def test_no_strong_point_across_the_border_is_no_distance(layer, regions) -> None:
    layer.execute("UPDATE core.recharging_point SET power_kw = 22 WHERE _dataset = 'bb.points'")
    found = values(layer, regions["pair"], "nearest_fast_across")
    assert found["a", "median to b"].reason == "no point of the strong power is known across the border"
    assert found["b", "median to a"].value == pytest.approx(11)


def test_below_the_coverage_floor_the_share_is_withheld_with_both_numbers(layer, regions) -> None:
    layer.execute("UPDATE core.recharging_point SET power_kw = NULL WHERE point_id IN ('B1', 'B2')")
    found = values(layer, regions["pair"], "fast_share")["b", "from 50 kW"]
    assert (found.value, found.n, found.coverage) == (None, 7, pytest.approx(7 / 9))
    assert found.reason.startswith("coverage 77.8 % is below the floor of 80 %")


def test_too_few_rows_are_withheld(layer, regions) -> None:
    layer.execute("DELETE FROM core.recharging_point WHERE point_id IN ('B8', 'B9')")
    found = values(layer, regions["pair"], "nearest_fast_across")
    assert found["b", "median to a"].reason == "only 3 rows; the floor is 5"
    assert found["a", "median to b"].value == pytest.approx(9)


def test_both_bands_are_named_where_both_have_too_few_points(layer, regions) -> None:
    layer.execute("DELETE FROM core.recharging_point WHERE point_id IN ('B1', 'B2', 'B6', 'B7', 'B8')")
    # Left within 10 km of the border: B9 at 3 km; from 10 to 25 km: B3 at 15 km.
    assert values(layer, regions["pair"], "border_cliff")["b", ""].reason == (
        "only 1 row at 0-10 km from the border and only 1 row at 10-25 km from the border; the floor is 5 in each band"
    )


@pytest.mark.parametrize("indicator", ["availability", "utilisation", "status_unknown_share", "status_snapshot_share"])
def test_the_status_of_a_few_points_says_nothing_of_a_side(layer, regions, indicator) -> None:
    layer.execute("""INSERT INTO core.recharging_point BY NAME SELECT point.* REPLACE ('N' || i AS point_id)
                     FROM core.recharging_point AS point, range(100) AS many (i) WHERE point_id = 'A1'""")
    found = [v for (side, _), v in values(layer, regions["pair"], indicator).items() if side == "a"]
    assert found
    for one in found:
        assert one.value is None
        assert re.match(r"coverage [0-9.]{1,4} % is below the floor of 10 %", one.reason)


def test_the_unknown_share_of_fewer_than_five_points_is_withheld(layer, regions) -> None:
    layer.execute("DELETE FROM core.status_observation WHERE point_id IN ('A1', 'A2')")
    assert values(layer, regions["pair"], "status_unknown_share")["a", ""].reason == "only 4 rows; the floor is 5"


def test_a_member_without_a_polygon_withholds_its_side_only(layer, regions) -> None:
    layer.execute("DELETE FROM core.nuts_region WHERE nuts_code = 'BB002'")
    found = values(layer, regions["pair"], "point_density")
    assert found["b", ""].reason == "the layer has no polygon of NUTS 3 region BB002"
    assert found["a", ""].value == pytest.approx(3.5)


def test_a_released_dataset_without_a_point_on_the_side_is_told_apart(layer, regions) -> None:
    layer.execute("DELETE FROM core.recharging_point WHERE _dataset = 'bb.points'")
    assert (
        values(layer, regions["pair"], "point_density")["b", ""].reason
        == "no released recharging point lies on this side"
    )


def test_points_without_a_place_lower_the_coverage_of_density(layer, regions) -> None:
    layer.execute("UPDATE core.recharging_point SET nuts3_code = NULL WHERE point_id = 'A6'")
    found = values(layer, regions["pair"], "point_density")["a", ""]
    assert (found.value, found.coverage) == (None, pytest.approx(0.8))


def test_registrations_of_a_single_category_are_no_fleet(layer, regions) -> None:
    layer.execute("DELETE FROM core.vehicle_registration WHERE vehicle_category = 'N1'")
    assert values(layer, regions["pair"], "fleet_target")["a", ""].value is None


def test_nested_registrations_are_counted_once(layer, regions) -> None:
    layer.execute(
        "INSERT INTO core.vehicle_registration BY NAME SELECT * REPLACE ('AA001' AS nuts_code) FROM core.vehicle_registration WHERE nuts_code = 'AA'"
    )
    assert values(layer, regions["pair"], "fleet_target")["a", ""].value == pytest.approx(1700)


def test_a_single_snapshot_has_shares_but_no_availability(layer, regions) -> None:
    layer.execute("DELETE FROM core.status_observation WHERE observed_at > TIMESTAMPTZ '2026-11-20 08:00:00+00'")
    assert (
        values(layer, regions["pair"], "availability")["a", ""].reason
        == "no point has two status observations with a known status between them"
    )
    found = values(layer, regions["pair"], "status_snapshot_share")
    shares = {d: found["a", d].value for d in ("available", "occupied", "reserved", "out_of_service", "unknown")}
    # At minute 0: A1, A3 and A9 available, A5 occupied, A6 reserved, A2 out of service, A4 unknown.
    assert shares == {
        "available": pytest.approx(3 / 7),
        **dict.fromkeys(("occupied", "reserved", "out_of_service", "unknown"), pytest.approx(1 / 7)),
    }
    assert sum(shares.values()) == pytest.approx(1)


def test_an_observation_from_the_future_hides_no_other(layer, regions) -> None:
    layer.execute("""INSERT INTO core.status_observation BY NAME SELECT * REPLACE (TIMESTAMPTZ '2099-01-01 00:00:00+00' AS observed_at)
                     FROM core.status_observation WHERE point_id = 'A5'""")
    assert values(layer, regions["pair"], "availability")["a", ""].value == pytest.approx(1 - 60 / 290)


def test_the_same_snapshot_released_twice_changes_nothing(layer, regions) -> None:
    layer.execute(
        "INSERT INTO core.status_observation BY NAME SELECT * REPLACE ('2026-11-21' AS _period) FROM core.status_observation"
    )
    found = values(layer, regions["pair"], "utilisation")["a", ""]
    assert (found.value, found.n) == (pytest.approx(60 / 230), 5)


def test_an_id_of_the_publishers_own_does_not_join_across_countries(layer, regions) -> None:
    layer.execute("UPDATE core.status_observation SET country_code = 'BB'")
    assert values(layer, regions["pair"], "availability")["a", ""].value is None


def test_a_status_finds_its_point_by_the_id_that_its_publisher_has_beside_the_evse_id(layer, regions) -> None:
    before = values(layer, regions["pair"], "availability")["a", ""]
    layer.execute(
        "UPDATE core.recharging_point SET publisher_point_id = 'own ' || point_id WHERE _dataset = 'aa.points'"
    )
    layer.execute("UPDATE core.status_observation SET point_id = 'own ' || point_id")
    assert values(layer, regions["pair"], "availability")["a", ""] == before
    # another publisher of the country uses the same ids: its statuses are not of these points
    layer.execute("UPDATE catalogue.release SET publisher = 'Another' WHERE dataset = 'aa.status'")
    assert values(layer, regions["pair"], "availability")["a", ""].value is None


def test_an_own_id_that_several_points_have_names_none_of_them(layer, regions) -> None:
    layer.execute("UPDATE core.recharging_point SET publisher_point_id = '1' WHERE _dataset = 'aa.points'")
    layer.execute("UPDATE core.status_observation SET point_id = '1'")
    assert values(layer, regions["pair"], "availability")["a", ""].value is None


def test_a_point_that_both_its_ids_name_counts_once(layer, regions) -> None:
    before = values(layer, regions["pair"], "availability")["a", ""]
    layer.execute("UPDATE core.recharging_point SET publisher_point_id = point_id WHERE _dataset = 'aa.points'")
    assert values(layer, regions["pair"], "availability")["a", ""] == before


def test_duplicates_between_publishers_count_once(layer, regions) -> None:
    layer.execute(
        "INSERT INTO core.recharging_point BY NAME SELECT * REPLACE ('zz.points' AS _dataset) FROM core.recharging_point WHERE point_id = 'A1'"
    )
    layer.execute("""INSERT INTO catalogue.release BY NAME SELECT * REPLACE ('zz.points' AS dataset) FROM catalogue.release
                     WHERE dataset = 'aa.points' AND table_name = 'recharging_point'""")
    assert values(layer, regions["pair"], "point_density")["a", ""].n == 8
    layer.execute("""INSERT INTO quality.recharging_point_match BY NAME SELECT 'zz.points' AS dataset, '2026-11-20' AS period, 'A1' AS point_id,
                     'removed_because_other_is_fresher' AS verdict, 'same_evse_id' AS rule, 1.0 AS confidence, 'aa.points' AS other_dataset,
                     'A1' AS other_point_id""")
    assert values(layer, regions["pair"], "point_density")["a", ""].n == 7


def test_the_nearest_by_cells_is_the_nearest_of_all(layer, regions) -> None:
    """Against a comparison of every pair, on points strewn over both sides."""
    layer.execute("SELECT setseed(0.5)")
    layer.execute("""CREATE TEMP TABLE strewn AS SELECT i, i % 2 = 0 AS own, CASE WHEN i % 2 = 0 THEN 20 * random() ELSE 20 + 40 * random() END AS x_km,
                     10 * random() AS y_km, CASE WHEN random() < 0.1 THEN 200 ELSE 22 END AS power_kw FROM range(600) t(i)""")
    layer.execute("DELETE FROM core.recharging_point")
    layer.execute("""INSERT INTO core.recharging_point BY NAME SELECT 'P' || i AS point_id, CASE WHEN own THEN 'AA' ELSE 'BB' END AS country_code, 'S' || i AS station_id,
        CASE WHEN own THEN 'AA001' WHEN x_km < 40 THEN 'BB001' ELSE 'BB002' END AS nuts3_code, power_kw, CASE WHEN own THEN 'aa.points' ELSE 'bb.points' END AS _dataset,
        '2026-11-20' AS _period, ST_X(place) AS longitude_deg, ST_Y(place) AS latitude_deg FROM (SELECT *, ST_Transform(ST_Point(4000000 + 1000 * x_km,
        3000000 + 1000 * y_km), 'EPSG:3035', 'EPSG:4326', always_xy := true) AS place FROM strewn)""")
    found = values(layer, regions["pair"], "nearest_fast_across")
    for side, other, here, near in (("a", "b", "one.own", "one.x_km > 10"), ("b", "a", "NOT one.own", "one.x_km < 30")):
        truth = layer.execute(f"""SELECT median(d), quantile_cont(d, 0.9), count(*) FROM (
            SELECT one.i, min(sqrt((one.x_km - two.x_km) ** 2 + (one.y_km - two.y_km) ** 2)) AS d FROM strewn AS one, strewn AS two
            WHERE {here} AND {near} AND two.own <> one.own AND two.power_kw >= 150 GROUP BY one.i)""").fetchone()
        assert truth is not None
        assert found[side, f"median to {other}"].value == pytest.approx(truth[0], rel=1e-6)
        assert found[side, f"p90 to {other}"].value == pytest.approx(truth[1], rel=1e-6)
        assert found[side, f"median to {other}"].n == truth[2]


def test_ages_are_measured_from_the_computation(layer, regions) -> None:
    found = compute(
        layer,
        "charging",
        "p",
        run_id="t",
        regions=[regions["pair"]],
        computed_at=NOW + timedelta(days=3),
        only="data_vintage",
    )
    assert next(v.value for v in found if (v.side_id, v.dimension) == ("a", "stated newest")) == pytest.approx(5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_is_no_number_is_never_published(value) -> None:
    judged = sound(load_indicator("point_density"), Measured(value, 100, 1.0), None)
    assert judged.value is None
    assert judged.reason


def test_a_min_max_contrast_is_the_same_from_either_side() -> None:
    indicator = load_indicator("data_coverage")
    a, b = Measured(0.4, 5, 1.0), Measured(0.8, 7, 0.9)
    assert contrast(indicator, "a", a, "b", b) == contrast(indicator, "b", b, "a", a) == Measured(0.5, 12, 0.9)
