"""OCPI and OICP: what becomes of each case of tests/decode, record by record, in every table the format gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from euregio.errors import DecodeError
from euregio.extract.decoded import decode_file

PROJECT = Path(__file__).parents[2]
FORMATS = ("ocpi-locations", "ocpi-tariffs", "oicp-evse-data", "oicp-evse-status")
CASES = [folder for name in FORMATS for folder in sorted((PROJECT / "tests" / "decode" / name).iterdir())]
POINT = {"station_name", "site_name", "station_power_kw", "connectors"}
FRAME = {"_file", "_record", "_point", "_problems", "_fixes"}


def decoded(folder: Path, out: Path, con: duckdb.DuckDBPyConnection) -> int:
    return decode_file(folder.parent.name, folder / "payload.json", out, con, name="payload.json", file_id="f1").records


def harmonised(format_: str, table: str, parquet: Path, expect: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    prelude = (PROJECT / "include/sql/prelude.sql").read_text().replace("'include/", f"'{PROJECT}/include/")
    con.execute(prelude)
    con.execute("SET TimeZone = 'UTC'")
    for name, key in (("dataset_country", "country"), ("dataset_zone", "zone"), ("retrieved_at", "retrieved_at")):
        if expect.get(key):
            con.execute(f"SET VARIABLE {name} = '{expect[key]}'{'::TIMESTAMPTZ' if name == 'retrieved_at' else ''}")
    con.execute(
        "CREATE TEMP VIEW decoded AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _record"
        f" FROM read_parquet('{parquet}', file_row_number = true)"
    )
    sql = (PROJECT / f"include/sql/harmonise/{table}/{format_}.sql").read_text()
    con.execute(f"CREATE TEMP TABLE harmonised AS {sql}")
    return con


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_every_record_becomes_what_its_case_says(folder, tmp_path):
    expect = json.loads((folder / "expect.json").read_text())
    out = tmp_path / "decoded.parquet"
    if "error" in expect:
        with pytest.raises(DecodeError, match=expect["error"]):
            decoded(folder, out, duckdb.connect())
        assert not out.exists()
        return
    assert decoded(folder, out, duckdb.connect()) == expect["records"]
    for table, rows in expect["tables"].items():
        con = harmonised(folder.parent.name, table, out, expect)
        con.execute("CREATE TEMP TABLE plain AS SELECT * FROM harmonised ORDER BY _record, _point")
        columns = [name for name, *_ in con.execute("DESCRIBE plain").fetchall()]
        times = [name for name in ("updated_at", "observed_at") if name in columns]
        replaced = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in times)
        found = con.execute(f"SELECT * REPLACE ({replaced}) FROM plain").fetchall()
        found = [dict(zip(columns, row, strict=True)) for row in found]
        assert len(found) == len(rows)
        for row, wanted in zip(found, rows, strict=True):
            got = {name: row[name] for name in wanted}
            assert got == {k: pytest.approx(v) if isinstance(v, float) else v for k, v in wanted.items()}


@pytest.mark.parametrize("folder", [c for c in CASES if c.name == "odd-shapes"], ids=lambda folder: folder.parent.name)
def test_records_of_another_shape_are_marked_and_only_they(folder, tmp_path):
    out = tmp_path / "decoded.parquet"
    con = duckdb.connect()
    decoded(folder, out, con)
    odd = con.execute(
        f"SELECT file_row_number + 1 FROM read_parquet('{out}', file_row_number = true) WHERE _odd IS NOT NULL ORDER BY 1"
    ).fetchall()
    assert [number for (number,) in odd] == json.loads((folder / "expect.json").read_text())["odd"]


@pytest.mark.parametrize(
    ("format_", "table"),
    [
        ("ocpi-locations", "recharging_point"), ("ocpi-locations", "status_observation"), ("ocpi-tariffs", "tariff"),
        ("oicp-evse-data", "recharging_point"), ("oicp-evse-status", "status_observation"),
    ],
)  # fmt: skip
def test_the_sql_gives_the_columns_and_types_of_the_contract(format_, table, tmp_path):
    folder = next(c for c in CASES if c.parent.name == format_ and c.name not in ("cut-off", "error-envelope"))
    decoded(folder, tmp_path / "decoded.parquet", duckdb.connect())
    con = harmonised(format_, table, tmp_path / "decoded.parquet", {"country": "NL"})
    found = {name: kind for name, kind, *_ in con.execute("DESCRIBE harmonised").fetchall()}
    contract = yaml.safe_load((PROJECT / f"include/tables/{table}.yaml").read_text())["schema"][0]["properties"]
    wanted = {p["name"]: p["physicalType"].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for p in contract}
    for name in ("nuts3_code", "place_method"):
        wanted.pop(name, None)
    assert {name: found.get(name) for name in wanted} == wanted
    assert set(found) - set(wanted) == FRAME | (POINT if table == "recharging_point" else set())


def test_a_naive_time_of_ocpi_is_utc_unless_the_dataset_declares_a_zone(tmp_path):
    folder = next(c for c in CASES if c.name == "version-2.1.1")
    out = tmp_path / "decoded.parquet"
    decoded(folder, out, duckdb.connect())
    con = harmonised("ocpi-locations", "recharging_point", out, {"zone": "Europe/Berlin"})
    (found,) = con.execute("SELECT CAST(updated_at AS VARCHAR) FROM harmonised WHERE _point = 1").fetchone()
    assert found == "2019-08-30 09:46:31+00"
