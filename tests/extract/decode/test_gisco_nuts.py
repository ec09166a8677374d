"""GISCO NUTS regions: every version and projection, with areas in square kilometres and places in degrees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reference_rows import rows_of

from euregio.errors import DecodeError

CASES = Path(__file__).parent / "gisco-nuts"
REAL = Path(os.environ.get("EUREGIO_REAL_DATA", Path(__file__).parents[4] / "shared" / "real")) / "spatial" / "eu"
SHAPE = (
    "nuts_code",
    "nuts_level",
    "country_code",
    "region_name",
    "area_km2",
    "ST_XMin(geometry) AS west",
    "ST_YMax(geometry) AS north",
)


def read(name: str) -> list[dict]:
    return rows_of("gisco-nuts", CASES / name, *SHAPE)


def test_all_levels_of_one_file_come_with_countries_in_iso_codes() -> None:
    rows = read("all-levels-4326.geojson")
    assert [(r["nuts_code"], r["nuts_level"], r["country_code"], r["_verdict"]) for r in rows] == [
        ("EL", 0, "GR", "admitted"), ("EL3", 1, "GR", "admitted"), ("UKC11", 3, "GB", "admitted"), ("DE", 0, "DE", "admitted"),
    ]  # fmt: skip
    assert rows[2]["region_name"] == "Tëst & <ß>"


def test_longitude_stands_first_though_the_file_names_epsg_4326() -> None:
    row = read("all-levels-4326.geojson")[0]
    assert (row["west"], row["north"]) == (23, 39)


def test_areas_are_those_on_the_ellipsoid() -> None:
    """A cell of one degree from 38 to 39 N has 9 664 km2, one from 50 to 51 N 7 892 km2 (WGS 84); a hole is left out."""
    rows = read("all-levels-4326.geojson")
    assert rows[0]["area_km2"] == pytest.approx(9664, rel=2e-3)
    whole, hole = 7892, 0.2 * 0.2 * 7930
    assert rows[3]["area_km2"] == pytest.approx(whole - hole, rel=3e-3)


def test_a_projected_file_is_brought_to_degrees() -> None:
    """EPSG:3035 has its origin (4 321 000, 3 210 000) at 10 E, 52 N and keeps areas: 100 km squared are 10 000 km2."""
    [row] = read("projected-3035.geojson")
    assert row["west"] == pytest.approx(10, abs=0.06)
    assert row["north"] == pytest.approx(52.9, abs=0.05)
    assert row["area_km2"] == pytest.approx(10_000, rel=2e-3)
    [mercator] = read("projected-3857.geojson")
    assert (mercator["west"], mercator["north"]) == (pytest.approx(6.0, abs=0.001), pytest.approx(49.65, abs=0.05))
    assert (row["_verdict"], mercator["_verdict"]) == ("admitted", "admitted")


def test_older_names_of_properties_and_no_crs_are_understood() -> None:
    rows = read("older-names-no-crs.geojson")
    assert [(r["nuts_code"], r["nuts_level"], r["region_name"], r["_verdict"]) for r in rows] == [
        ("FR102", 3, "Old name", "admitted"), ("AT1", 1, "By id", "admitted"),
    ]  # fmt: skip


def test_odd_features_are_quarantined_each_with_its_reason_and_the_rest_is_kept() -> None:
    rows = {r["_record"]: r for r in read("odd-features.geojson")}
    reasons = {
        1: "geometry_missing", 2: "geometry_is_no_polygon", 3: "polygon_crosses_itself", 4: "coordinates_beyond_degrees",
        5: "unreadable_geometry", 6: "level_disagrees_with_code", 7: "unmapped_country", 8: "region_code_missing",
    }  # fmt: skip
    for record, reason in reasons.items():
        assert rows[record]["_verdict"] == "quarantined"
        assert reason in rows[record]["_reasons"]
    assert rows[9]["_verdict"] == "admitted"


@pytest.mark.parametrize(
    "text",
    ['{"type": "FeatureCollection"}', '{"type": "FeatureCollection", "features": []}', "[1, 2", '{"error": "x"}'],
)
def test_what_holds_no_features_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "regions.geojson"
    file.write_text(text)
    with pytest.raises(DecodeError):
        rows_of("gisco-nuts", file)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "records"), [("NUTS_RG_20M_2024_4326.geojson", 1798), ("NUTS_RG_20M_2021_3035.geojson", 2010)]
)
def test_the_real_files_are_admitted_whole(name: str, records: int) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"no real file {name}")
    rows = rows_of("gisco-nuts", REAL / name, "nuts_code", "nuts_level", "area_km2", "country_code")
    assert len(rows) == records
    assert {row["_verdict"] for row in rows} == {"admitted"}
    area = {row["nuts_code"]: row["area_km2"] for row in rows}
    assert area["LU"] == pytest.approx(2586, rel=0.02)  # generalised to 1 : 20 million
    assert area["DE"] == pytest.approx(357_600, rel=0.01)
    for code in ("DE", "FR", "EL", "NL"):
        parts = sum(row["area_km2"] for row in rows if row["nuts_level"] == 3 and row["nuts_code"].startswith(code))
        assert parts == pytest.approx(area[code], rel=0.002)
