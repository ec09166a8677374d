"""Real OCPI and OICP files: how many points each gives, and with which problems and repairs."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from euregio.extract.decoded import decode_file

from .test_ocpi_oicp_cases import PROJECT, harmonised

REAL = Path(os.environ.get("EUREGIO_REAL_DATA", PROJECT.parent / "shared" / "real")) / "charging"
POINTS = ("ocpi-locations", "recharging_point")


@pytest.mark.real
@pytest.mark.parametrize(
    ("format_", "table", "file", "rows", "problems", "repaired"),
    [
        (*POINTS, "nl/ocpi_2_1_1_locations-fastned.json", 274, {"location_without_evse": 1}, 0),
        (*POINTS, "ro/ocpi_locations-voltrelli.json", 578, {"implausible_electricity": 17}, 578),
        (*POINTS, "pl/ocpi_2_2_locations-zepto.json", 10, {}, 0),
        (*POINTS, "pt/ocpi_2_2_locations-evio.json", 29, {"implausible_electricity": 1}, 3),
        (*POINTS, "de/chargecloud_ludwigsburg_request_1.json", 273, {}, 0),
        (*POINTS, "de/stadtnavi_full_data.json", 90, {}, 0),
        (*POINTS, "nl/ndw-locations.v2_2_1.json", 2, {}, 0),
        ("ocpi-locations", "status_observation", "nl/ocpi_2_1_1_locations-fastned.json", 273, {}, 0),
        ("ocpi-tariffs", "tariff", "nl/ndw-tariffs.json", 5, {}, 0),
        ("ocpi-tariffs", "tariff", "eu_spec/ocpi_tariff_4_complex.json", 6, {}, 0),
        ("oicp-evse-data", "recharging_point", "ch/opendata_swiss_static.json", 551, {}, 0),
        ("oicp-evse-status", "status_observation", "ch/opendata_swiss_realtime.json", 551, {}, 0),
    ],
)
def test_a_real_file_gives_the_rows_that_were_looked_at(format_, table, file, rows, problems, repaired, tmp_path):
    if not (REAL / file).is_file():
        pytest.skip(f"no real file {file}: set EUREGIO_REAL_DATA")
    out = tmp_path / "decoded.parquet"
    decode_file(format_, REAL / file, out, duckdb.connect(), name=file, file_id="f1")
    con = harmonised(format_, table, out, {})
    assert con.execute("SELECT count(*) FROM harmonised").fetchone() == (rows,)
    found = "SELECT reason, count(*) FROM (SELECT unnest(_problems) AS reason FROM harmonised) GROUP BY 1"
    assert dict(con.execute(found).fetchall()) == problems
    assert con.execute("SELECT count(*) FROM harmonised WHERE len(_fixes) > 0").fetchone() == (repaired,)
