"""Real German and French registers: every file decodes, and its records are counted by another reader."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import duckdb
import pytest

from euregio.extract.decoded import decode_file

REAL = Path(os.environ.get("EUREGIO_REAL_DATA", Path(__file__).parents[4] / "shared" / "real")) / "charging"

#: File, format, delimiter.
CSV_FILES = [
    ("de/Ladesaeulenregister.csv", "bnetza-register", ";"),
    ("de/netzagentur_final.csv", "bnetza-register", ","),
    ("fr/bornes-IRVE_v1_first4000.csv", "irve-static", ";"),
    ("fr/consolidation-irve-statique-2024-06-05_duplicates_a.csv", "irve-static", ","),
    ("fr/IRVE_itinerance_residuel2024-06-05.csv", "irve-static", ","),
    ("fr/exemple-valide-statique.csv", "irve-static", ","),
    ("fr/exemple-valide_v2.0.csv", "irve-static", ","),
    ("fr/exemple-valide-dynamique.csv", "irve-dynamic", ","),
]
#: Devices counted in the sheets by hand: rows from the header's second row to the last with a value.
WORKBOOKS = [("de/Ladesaeulenkarte_Datenbankauszug_00__2017-04-11.xlsx", 1784), ("de/bnetza.xlsx", 108)]


def real(name: str) -> Path:
    path = REAL / name
    if not path.is_file():
        pytest.skip(f"no real file {name} in {REAL.parent} (EUREGIO_REAL_DATA)")
    return path


@pytest.mark.real
@pytest.mark.parametrize(("name", "format_name", "delimiter"), CSV_FILES)
def test_a_real_csv_loses_no_row(name: str, format_name: str, delimiter: str, tmp_path: Path) -> None:
    path = real(name)
    with path.open(encoding="utf-8-sig", newline="") as file:
        counted = sum(1 for row in csv.reader(file, delimiter=delimiter) if row) - 1
    con = duckdb.connect()
    decoded = decode_file(format_name, path, tmp_path / "out.parquet", con, name=name, file_id="f1")
    assert decoded.records == counted
    assert con.execute(f"SELECT count(row_error) FROM read_parquet('{tmp_path}/out.parquet')").fetchone() == (0,)


@pytest.mark.real
@pytest.mark.parametrize(("name", "counted"), WORKBOOKS)
def test_a_real_workbook_loses_no_row(name: str, counted: int, tmp_path: Path) -> None:
    path = real(name)
    decoded = decode_file("bnetza-register", path, tmp_path / "out.parquet", duckdb.connect(), name=name, file_id="f1")
    assert decoded.records == counted
