"""Where a point lies, and whether that is where it says it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.harmonise.frame import REGIONS, connection, grid_of, placed

from euregio.harmonise.places import build_grid


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grid_of(tmp_path_factory.mktemp("places"))


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = connection(tmp_path)
    yield con
    con.close()


def one(con, grid, country, lat, lon):
    (row,) = placed(con, [{"country": country, "lat": lat, "lon": lon}], grid)
    return row


def test_a_point_within_a_region_gets_it(con, grid) -> None:
    row = one(con, grid, "NL", 51.5, 5.5)
    assert (row["nuts3_code"], row["place_method"], row["_problems"], row["_fixes"]) == ("NL001", "inside", [], [])


def test_a_point_on_the_cell_of_a_border_is_found_by_geometry(con, grid) -> None:
    assert one(con, grid, "NL", 51.5, 5.999)["nuts3_code"] == "NL001"
    assert one(con, grid, "DE", 51.5, 6.001)["nuts3_code"] == "DE001"


def test_a_point_on_the_border_itself_has_one_region(con, grid) -> None:
    rows = placed(con, [{"country": "DE", "lat": 51.5, "lon": 6.0}], grid)
    assert [row["nuts3_code"] for row in rows] == ["DE001"]


def test_a_generalised_border_is_forgiven_within_three_hundredths_of_a_degree(con, grid) -> None:
    row = one(con, grid, "DE", 51.5, 5.975)
    assert (row["nuts3_code"], row["place_method"], row["_problems"]) == ("DE001", "nearest", [])


def test_a_point_off_the_coast_gets_the_nearest_region(con, grid) -> None:
    row = one(con, grid, "NL", 52.01, 5.5)
    assert (row["nuts3_code"], row["place_method"], row["_problems"]) == ("NL001", "nearest", [])


def test_a_point_in_another_country_is_told(con, grid) -> None:
    row = one(con, grid, "DE", 51.5, 5.5)
    assert row["_problems"] == ["country_disagrees_with_place"]
    assert row["nuts3_code"] is None


def test_swapped_coordinates_are_turned_where_the_turned_place_is_right(con, grid) -> None:
    row = one(con, grid, "NL", 5.5, 51.5)
    assert (row["latitude_deg"], row["longitude_deg"], row["nuts3_code"]) == (51.5, 5.5, "NL001")
    assert row["_problems"] == []
    (fix,) = row["_fixes"]
    assert (fix["field"], fix["was"], fix["now"]) == ("latitude_deg, longitude_deg", "5.5, 51.5", "51.5, 5.5")


def test_swapped_coordinates_of_another_country_are_not_guessed(con, grid) -> None:
    row = one(con, grid, "DE", 5.5, 51.5)
    assert row["_fixes"] == []
    assert row["_problems"] == ["country_disagrees_with_place"]


def test_an_undeclared_country_is_taken_from_the_place(con, grid) -> None:
    row = one(con, grid, None, 51.5, 6.5)
    assert (row["country_code"], row["nuts3_code"], row["_problems"]) == ("DE", "DE001", [])


def test_a_missing_place_stays_missing(con, grid) -> None:
    row = one(con, grid, "NL", None, None)
    assert (row["nuts3_code"], row["place_method"], row["_problems"]) == (None, None, [])


def test_without_regions_the_countrys_box_is_what_can_be_checked(con) -> None:
    assert one(con, None, "NL", 51.5, 5.5)["place_method"] == "unchecked"
    assert one(con, None, "NL", 51.5, 5.5)["_problems"] == []
    assert one(con, None, "NL", 41.5, 5.5)["_problems"] == ["country_disagrees_with_place"]
    turned = one(con, None, "NL", 5.5, 51.5)
    assert (turned["latitude_deg"], turned["_problems"]) == (51.5, [])


def test_territories_overseas_are_in_their_country(con) -> None:
    assert one(con, None, "FR", -21.1, 55.5)["_problems"] == []  # La Réunion
    assert one(con, None, "FR", 2.35, 48.85)["latitude_deg"] == 48.85  # Paris, swapped: not taken for overseas


def test_places_agree_with_a_plain_spatial_join(con, grid) -> None:
    con.execute("SELECT setseed(0.5)")
    drawn = con.execute("SELECT 50.99 + 1.02 * random(), 4.99 + 2.02 * random() FROM range(3000)").fetchall()
    rows = [{"country": None, "lat": lat, "lon": lon} for lat, lon in drawn]
    found = placed(con, rows, grid)
    con.execute(f"CREATE OR REPLACE TEMP TABLE regions AS {REGIONS}")
    for row, (lat, lon) in zip(found, drawn, strict=True):
        inside = con.execute(
            f"SELECT nuts_code FROM regions WHERE ST_Intersects(geometry, ST_Point({lon}, {lat})) ORDER BY nuts_code"
        ).fetchall()
        if inside:
            assert row["nuts3_code"] == inside[0][0]
            assert row["place_method"] == "inside"
        else:
            assert row["place_method"] in ("nearest", "unchecked")


def test_a_grid_is_made_once_per_set_of_regions(con, tmp_path: Path) -> None:
    first = build_grid(con, REGIONS, tmp_path / "places")
    made = first.stat().st_mtime_ns
    assert build_grid(con, REGIONS, tmp_path / "places") == first
    assert first.stat().st_mtime_ns == made
    moved = REGIONS.replace("ST_MakeEnvelope(6, 51, 7, 52)", "ST_MakeEnvelope(6, 51, 7, 53)")
    assert build_grid(con, moved, tmp_path / "places") != first


def test_a_swapped_place_gets_the_region_that_holds_it_not_its_neighbour(con, tmp_path: Path) -> None:
    # two regions of one country that share a cell of the grid: the boundary runs at 5.51 E
    regions = """
        SELECT 'NL001' AS nuts_code, 3 AS nuts_level, 'NL' AS country_code, ST_MakeEnvelope(5, 51, 5.51, 52) AS geometry
        UNION ALL SELECT 'NL002', 3, 'NL', ST_MakeEnvelope(5.51, 51, 6, 52)
    """
    grid = build_grid(con, regions, tmp_path / "places")
    for longitude, region in ((5.505, "NL001"), (5.515, "NL002"), (5.525, "NL002")):
        row = one(con, grid, "NL", longitude, 51.5)
        assert (row["latitude_deg"], row["longitude_deg"], row["nuts3_code"], row["place_method"]) == (
            51.5,
            longitude,
            region,
            "inside",
        )


@pytest.mark.parametrize(("lat", "lon"), [(1e25, 5.5), (51.5, -1e300), (1e15, 1e15), (9.3e17, 2.0)])
def test_a_number_far_beyond_the_earth_has_no_region_and_ends_nothing(con, grid, lat: float, lon: float) -> None:
    good = {"country": "NL", "lat": 51.5, "lon": 5.5}
    rows = placed(con, [{"country": "NL", "lat": lat, "lon": lon}, good], grid)
    assert sorted(row["nuts3_code"] or "" for row in rows) == ["", "NL001"]
