"""Regions as a grid: so that a million points find their region by a hash join, and only borders need geometry."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

import duckdb

from euregio.storage.duck import quoted

#: Where a run finds its regions; the grid's step (1/20 degree) stands in include/sql/frame/placed.sql too.
_NO_GRID = """
CREATE OR REPLACE TEMP TABLE region_grid
    (cell BIGINT, code VARCHAR, country VARCHAR, parts STRUCT(code VARCHAR, country VARCHAR, shape GEOMETRY)[])
"""

# Each region is cut into strips, the strips into cells (cheaper than cells at once); a part is cut with a margin of the
# tolerance around its cell, so that a place just across a generalised border still meets the region it belongs to.
_BUILD = """
CREATE TABLE region_grid AS
WITH region AS (
    SELECT nuts_code AS code, country_code AS country, geometry AS shape FROM nuts_region WHERE nuts_level = 3
),
strip AS (
    SELECT code, country, x,
           ST_Intersection(shape, ST_MakeEnvelope(x / 20.0 - 0.03, -90, (x + 1) / 20.0 + 0.03, 90)) AS shape
    FROM region, LATERAL (SELECT unnest(range(CAST(floor((ST_XMin(shape) - 0.03) * 20) AS BIGINT),
                                              CAST(floor((ST_XMax(shape) + 0.03) * 20) AS BIGINT) + 1)) AS x)
),
piece AS (
    SELECT code, country, x, y,
           ST_Intersection(shape, ST_MakeEnvelope(x / 20.0 - 0.03, y / 20.0 - 0.03, (x + 1) / 20.0 + 0.03, (y + 1) / 20.0 + 0.03)) AS shape
    FROM strip, LATERAL (SELECT unnest(range(CAST(floor((ST_YMin(shape) - 0.03) * 20) AS BIGINT),
                                             CAST(floor((ST_YMax(shape) + 0.03) * 20) AS BIGINT) + 1)) AS y)
    WHERE NOT ST_IsEmpty(shape)
),
part AS (
    SELECT code, country, x * 100000 + y AS cell, shape,
           ST_Contains(shape, ST_MakeEnvelope(x / 20.0, y / 20.0, (x + 1) / 20.0, (y + 1) / 20.0)) AS is_whole
    FROM piece WHERE NOT ST_IsEmpty(shape)
)
SELECT cell,
       max(code) FILTER (is_whole) AS code,
       max(country) FILTER (is_whole) AS country,
       list({'code': code, 'country': country, 'shape': shape} ORDER BY code)
           FILTER (NOT is_whole OR ST_Area(shape) < 0.11 * 0.11 * 0.999999) AS parts
FROM part GROUP BY cell
"""


def build_grid(con: duckdb.DuckDBPyConnection, regions: str, folder: Path) -> Path:
    """The grid of the regions that the relation `regions` (SQL, columns of core.nuts_region) gives, as a DuckDB file.

    Made once per set of regions: the file's name is the hash of codes and shapes. 1 345 regions take about 15 s.
    """
    facts = con.execute(
        f"SELECT string_agg(nuts_code || md5(CAST(ST_AsWKB(geometry) AS VARCHAR)), ',' ORDER BY nuts_code) "
        f"FROM ({regions}) WHERE nuts_level = 3"
    ).fetchone()
    name = hashlib.sha256(f"2:{facts[0] if facts else ''}".encode()).hexdigest()[:16]
    path = folder / f"regions-{name}.duckdb"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several tasks that need it at once, one builds and the others wait
        if not path.exists():
            _build(con, regions, path)
    return path


def _build(con: duckdb.DuckDBPyConnection, regions: str, path: Path) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    con.execute(f"ATTACH {quoted(str(part))} AS grid_file (STORAGE_VERSION 'latest')")
    try:
        con.execute(f"CREATE OR REPLACE TEMP VIEW nuts_region AS {regions}")
        con.execute(_BUILD.replace("TABLE region_grid", "TABLE grid_file.region_grid"))
    finally:
        con.execute("DETACH grid_file")
        con.execute("DROP VIEW IF EXISTS nuts_region")
    part.replace(path)


def use_grid(con: duckdb.DuckDBPyConnection, grid: Path | None) -> None:
    """Make `region_grid` and its variables known to the connection: those of the file, or empty ones."""
    if grid is None:
        con.execute(_NO_GRID)
        con.execute("SET VARIABLE grid_countries = CAST([] AS VARCHAR[])")
    else:
        con.execute(f"ATTACH IF NOT EXISTS {quoted(str(grid))} AS places (READ_ONLY)")
        con.execute(
            "CREATE OR REPLACE TEMP VIEW region_grid AS SELECT cell, code, country, parts FROM places.region_grid"
        )
        con.execute(
            "SET VARIABLE grid_countries = (SELECT list(DISTINCT country) FROM "
            "(SELECT country FROM region_grid UNION ALL SELECT unnest(parts).country FROM region_grid) WHERE country IS NOT NULL)"
        )
    con.execute(
        "SET VARIABLE country_boxes = (SELECT map_from_entries(list((alpha2, boxes))) FROM (SELECT alpha2, "
        "list({'south': latitude_min_deg, 'north': latitude_max_deg, 'west': longitude_min_deg, 'east': longitude_max_deg}) "
        "AS boxes FROM read_csv('include/codes/country_box.csv') GROUP BY alpha2))"
    )
