"""For the tests of the CSV registers: a case of tests/decode, decoded and through the format's harmonising SQL."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from euregio.extract.decoded import decode_file

PROJECT = Path(__file__).parents[2]
Row = dict[str, Any]


def rows_of(format_name: str, table: str, payload: Path, zone: str = "Europe/Paris") -> list[Row]:
    """The harmonised rows, in order of record and point, with the columns that the SQL gives."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "decoded.parquet"
        con = duckdb.connect()
        decode_file(format_name, payload, out, con, name=payload.name, file_id="f1")
        prelude = (PROJECT / "include" / "sql" / "prelude.sql").read_text(encoding="utf-8")
        con.execute(prelude.replace("'include/", f"'{PROJECT}/include/"))
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET VARIABLE dataset_zone = '{zone}'" if zone else "SET VARIABLE dataset_zone = NULL")
        con.execute("SET VARIABLE retrieved_at = TIMESTAMPTZ '2026-07-08 13:00:00+00'")
        con.execute(
            "CREATE TEMP VIEW decoded AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _record "
            f"FROM read_parquet('{out}', file_row_number = true)"
        )
        sql = (PROJECT / "include" / "sql" / "harmonise" / table / f"{format_name}.sql").read_text(encoding="utf-8")
        found = con.execute(f"SELECT * FROM ({sql}) ORDER BY _file, _record, _point")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def case(format_name: str, name: str) -> Path:
    """The payload of a case of tests/decode."""
    folder = PROJECT / "tests" / "decode" / format_name / name
    (payload,) = (path for path in folder.iterdir() if path.name != "expect.json")
    return payload


def contract_columns(table: str) -> set[str]:
    """The columns that a harmonising SQL owes its table: the contract's, without those that the frame adds."""
    import yaml

    contract = yaml.safe_load((PROJECT / "include" / "tables" / f"{table}.yaml").read_text(encoding="utf-8"))
    return {column["name"] for column in contract["schema"][0]["properties"]} - {"nuts3_code", "place_method"}
