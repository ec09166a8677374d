"""A small world as a layer with computed indicators, for tests of the atlas: two countries, and a third beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from euregio.declarations.regions import Region, load_regions
from euregio.indicators.run import compute
from euregio.settings import Settings
from euregio.storage.duck import connect
from euregio.storage.layer import ensure_tables

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# The world lies near 6 E, 50 N: kilometres are counted from this corner of EPSG:3035, and given as longitude, latitude.
_PLACE = "ST_Transform({}, 'EPSG:3035', 'EPSG:4326', always_xy := true)"
_POINT = _PLACE.format("ST_Point(4000000 + 1000 * x_km, 3000000 + 1000 * y_km)")
_SQUARE = _PLACE.format(
    "ST_MakeEnvelope(4000000 + 1000 * x0_km, 3000000 + 1000 * y0_km, 4000000 + 1000 * x1_km, 3000000 + 1000 * y1_km)"
)


def regions() -> dict[str, Region]:
    """The regions of this world: pair (two known sides), silent (one side unknown), nowhere (no polygon)."""
    return load_regions(HERE / "regions")


def empty(home: Path) -> duckdb.DuckDBPyConnection:
    """A layer with every table and view, and no row, in memory."""
    con = connect(Settings(home=home, memory_limit="512MB", threads=2), "spatial")
    con.execute("ATTACH ':memory:' AS lake")
    con.execute("USE lake")
    ensure_tables(con)
    return con


def world(home: Path) -> duckdb.DuckDBPyConnection:
    """The layer with points, regions, releases and the indicators computed from them."""
    con = empty(home)
    con.execute(f"""INSERT INTO core.nuts_region BY NAME SELECT nuts_code, nuts_level, country_code, region_name, area_km2,
        {_SQUARE} AS geometry, 'eu.nuts' AS _dataset, '2024' AS _period, 'run-n' AS _run, 'hash#1' AS _raw FROM {_csv("nuts")}""")
    con.execute(f"""INSERT INTO core.recharging_point BY NAME SELECT point_id, evse_id, country_code, nuts3_code, point_id AS station_id,
        power_kw, CASE WHEN power_kw IS NOT NULL THEN 'declared' END AS power_method, access_type, lifecycle_status, 'Operator' AS operator_name,
        ST_X({_POINT}) AS longitude_deg, ST_Y({_POINT}) AS latitude_deg,
        dataset AS _dataset, '2026-11-20' AS _period, 'run-' || dataset[1] AS _run, 'hash#1' AS _raw FROM {_csv("points")}""")
    con.execute(f"""INSERT INTO core.recharging_station BY NAME SELECT point_id AS station_id, country_code, nuts3_code, 1 AS point_count, power_kw,
        CASE WHEN power_kw IS NOT NULL THEN 'summed' END AS power_method, dataset AS _dataset, '2026-11-20' AS _period, 'run' AS _run, 'hash#1' AS _raw
        FROM {_csv("points")}""")
    con.execute(f"""INSERT INTO catalogue.release BY NAME SELECT *, 'open' AS access_class, retrieved_at AS released_at
        FROM {_csv("releases", ", types = {'period': 'VARCHAR', 'retrieved_at': 'TIMESTAMPTZ', 'source_updated_at': 'TIMESTAMPTZ'}")}""")
    con.execute(
        f"INSERT INTO quality.verdict BY NAME SELECT * REPLACE (coalesce(reason, '') AS reason) FROM {_csv('verdicts')}"
    )
    compute(con, "charging", "2026-11-20", run_id="run-i", regions=regions().values(), computed_at=NOW)
    con.execute("INSERT INTO indicators.value BY NAME FROM computed_values")
    return con


def _csv(name: str, options: str = "") -> str:
    return f"read_csv('{HERE / 'world' / f'{name}.csv'}', header = true, quote = '\"'{options})"
