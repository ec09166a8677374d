"""A tiny world for tests of the frame: two square countries side by side, and rows of points in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from euregio.declarations.tables import load_table
from euregio.harmonise.places import build_grid, use_grid
from euregio.settings import PROJECT, Settings
from euregio.storage.duck import connect

#: Two squares of one degree: NL001 from 5 to 6 E, DE001 from 6 to 7 E, both from 51 to 52 N.
REGIONS = """
    SELECT 'NL001' AS nuts_code, 3 AS nuts_level, 'NL' AS country_code, ST_MakeEnvelope(5, 51, 6, 52) AS geometry
    UNION ALL SELECT 'DE001', 3, 'DE', ST_MakeEnvelope(6, 51, 7, 52)
"""


def connection(home: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the prelude, its state below `home`."""
    con = connect(Settings(home=home), "spatial")
    con.execute((PROJECT / "include/sql/prelude.sql").read_text(encoding="utf-8"))
    return con


def grid_of(home: Path) -> Path:
    """The grid of the two countries."""
    con = connection(home)
    try:
        return build_grid(con, REGIONS, home / "places")
    finally:
        con.close()


def placed(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], grid: Path | None) -> list[dict[str, Any]]:
    """What include/sql/frame/placed.sql makes of rows that have country_code, latitude_deg and longitude_deg."""
    use_grid(con, grid)
    values = ", ".join(
        f"({number}, {_text(row['country'])}, {_number(row['lat'])}, {_number(row['lon'])})"
        for number, row in enumerate(rows)
    )
    con.execute(
        "CREATE OR REPLACE TEMP VIEW mended AS SELECT number, country_code, latitude_deg, longitude_deg, 'AC' AS current_type, 22.0 AS power_kw, CAST([] AS VARCHAR[]) AS _problems, "
        "CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes FROM (SELECT number, "
        "CAST(c AS VARCHAR) AS country_code, CAST(la AS DOUBLE) AS latitude_deg, CAST(lo AS DOUBLE) AS longitude_deg "
        f"FROM (VALUES {values}) AS v(number, c, la, lo))"
    )
    sql = (PROJECT / "include/sql/frame/placed.sql").read_text(encoding="utf-8")
    return con.sql(f"SELECT * FROM ({sql}) ORDER BY number").to_arrow_table().to_pylist()


def point_columns() -> list[str]:
    """Columns of the recharging point's contract."""
    return [column.name for column in load_table("recharging_point").columns]


def _text(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


def _number(value: float | None) -> str:
    return "NULL" if value is None else repr(value)
