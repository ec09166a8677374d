"""Lays the ground of a computation: the declared sides as a table, then the prelude's tables on this connection."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import duckdb

from euregio.declarations.regions import Region
from euregio.indicators.registry import Indicator, prelude

_SIDE = "CREATE OR REPLACE TEMP TABLE declared_side (region_id VARCHAR, side_id VARCHAR, side_label VARCHAR, country_code VARCHAR, nuts3_code VARCHAR)"


def lay(con: duckdb.DuckDBPyConnection, regions: Iterable[Region], computed_at: datetime | None = None) -> None:
    """Make `declared_side` and every TEMP table of the prelude from the layer, which is the current database."""
    con.execute(_SIDE)
    con.executemany("INSERT INTO declared_side VALUES (?, ?, ?, ?, ?)", list(_members(regions)))
    con.execute("SET VARIABLE computed_at = CAST(? AS TIMESTAMPTZ)", [computed_at])
    for statement in prelude():
        con.execute(statement)


def show(con: duckdb.DuckDBPyConnection, indicator: Indicator) -> duckdb.DuckDBPyConnection:
    """Set the indicator's parameters, make its view `rows_behind`, and run the SELECT of its values over it."""
    for statement in indicator.statements:
        con.execute(statement)
    return con


def script(indicator: Indicator, regions: Iterable[Region]) -> str:
    """The whole computation as one text for the DuckDB shell, on the layer with the spatial extension loaded."""
    rows = ",\n    ".join(
        "(" + ", ".join("'" + v.replace("'", "''") + "'" for v in row) + ")" for row in _members(regions)
    )
    ground = ";\n\n".join(statement.rstrip("; \n") for statement in prelude())
    return f"{_SIDE};\nINSERT INTO declared_side VALUES\n    {rows};\n\n{ground};\n\n{indicator.sql}"


def _members(regions: Iterable[Region]) -> Iterable[tuple[str, str, str, str, str]]:
    for region in regions:
        for side in region.sides:
            for code in side.nuts3:
                yield region.id, side.id, side.name(), side.country, code
