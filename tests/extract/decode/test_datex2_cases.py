"""DATEX II publications decode as their cases say: tests/decode/datex2-*/<case>/ holds a payload and what is expected."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pytest

from euregio.extract.decoded import decode_file

TESTS = Path(__file__).parents[2]
FOLDERS = sorted((TESTS / "decode").glob("datex2-*/*"))
REAL = Path(os.environ.get("EUREGIO_REAL_DATA", TESTS.parents[1] / "shared" / "real")) / "charging"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_case_decodes_as_it_says(folder: Path, tmp_path: Path) -> None:
    (payload,) = (path for path in folder.iterdir() if path.name != "expect.json")
    expect = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    out, con = tmp_path / "decoded.parquet", duckdb.connect()
    decoded = decode_file(folder.parent.name, payload, out, con, name=payload.name, file_id="f1")
    assert decoded.records == expect["records"]
    found = con.execute(f"SELECT * EXCLUDE (_file) FROM read_parquet('{out}')")
    names = [column[0] for column in found.description]
    for expected, row in zip(expect["rows"], found.fetchall(), strict=True):
        # what the case does not name is absent
        assert {name: value for name, value in zip(names, row, strict=True) if value not in (None, [])} == expected


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "format_name", "records"),
    [
        ("es/dgt.sample.xml", "datex2-energy-table", 4),
        ("pt/mobie-static.sample.xml", "datex2-energy-table", 4),
        ("de/EnergyInfrastructureTablePublication.xml", "datex2-energy-table", 4),
        ("de/EnergyInfrastructureTablePublication_rev2.json", "datex2-energy-table", 4),
        ("de/datex2_enbw_static_reduced.json", "datex2-energy-table", 57),
        ("fi/afir-messagecontainer.v3_6.json", "datex2-energy-table", 2),
        ("de/EnergyInfrastructureStatusPublication.xml", "datex2-energy-status", 1),
        ("de/EnergyInfrastructureStatusPublication_rev2.json", "datex2-energy-status", 1),
        ("de/datex2_enbw_realtime_reduced.json", "datex2-energy-status", 11),
    ],
)
def test_every_refill_point_of_a_real_file_is_a_record(
    name: str, format_name: str, records: int, tmp_path: Path
) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"real file {name} is not here")
    out, con = tmp_path / "decoded.parquet", duckdb.connect()
    assert decode_file(format_name, REAL / name, out, con, name=name, file_id="f1").records == records
    level = "point_id" if format_name.endswith("table") else "point_reference"
    assert con.execute(f"SELECT count(DISTINCT {level}) FROM read_parquet('{out}')").fetchone() == (records,)
