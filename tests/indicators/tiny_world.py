"""A tiny world of square regions and a dozen points, as a layer, for tests of indicators."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from euregio.settings import Settings
from euregio.storage.duck import connect
from euregio.storage.layer import ensure_tables

HERE = Path(__file__).parent
#: When the tiny world's indicators are computed.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# The world lies near 6 E, 50 N: kilometres are counted from this corner of EPSG:3035, and given as longitude, latitude.
_PLACE = "ST_Transform({}, 'EPSG:3035', 'EPSG:4326', always_xy := true)"
_POINT = _PLACE.format("ST_Point(4000000 + 1000 * x_km, 3000000 + 1000 * y_km)")
_SQUARE = _PLACE.format(
    "ST_MakeEnvelope(4000000 + 1000 * x0_km, 3000000 + 1000 * y0_km, 4000000 + 1000 * x1_km, 3000000 + 1000 * y1_km)"
)


def _csv(name: str, types: str = "") -> str:
    return f"read_csv('{HERE / 'world' / name}'{', types = {' + types + '}' if types else ''}, header = true)"


def _from(dataset: str, period: str, run: str) -> str:
    return f"'{dataset}' AS _dataset, '{period}' AS _period, '{run}' AS _run, 'hash#1' AS _raw"


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill an empty layer with the tiny world."""
    provenance = "dataset AS _dataset, '2026-11-20' AS _period, 'run-' || dataset[1] AS _run, 'hash#1' AS _raw"
    con.execute(f"""INSERT INTO core.nuts_region BY NAME SELECT nuts_code, nuts_level, country_code, area_km2,
        {_SQUARE} AS geometry, {_from("eu.nuts", "2024", "run-n")} FROM {_csv("nuts.csv")}""")
    con.execute(f"""INSERT INTO core.recharging_point BY NAME SELECT point_id, country_code, nuts3_code, station_id, power_kw,
        power_method, evse_id, access_type, lifecycle_status, 'Operator' AS operator_name, ST_X({_POINT}) AS longitude_deg,
        ST_Y({_POINT}) AS latitude_deg, {provenance} FROM {_csv("points.csv")}""")
    con.execute(
        f"INSERT INTO core.recharging_station BY NAME SELECT * EXCLUDE (dataset), 1 AS point_count, {provenance} FROM {_csv('stations.csv')}"
    )
    con.execute(
        f"INSERT INTO core.population BY NAME SELECT *, {_from('eu.population', '2024', 'run-p')} FROM {_csv('population.csv')}"
    )
    con.execute(
        f"INSERT INTO core.vehicle_registration BY NAME SELECT *, {_from('eu.vehicles', '2026', 'run-v')} FROM {_csv('vehicles.csv')}"
    )
    con.execute(f"""INSERT INTO core.status_observation BY NAME SELECT point_id, status, 'AA' AS country_code, 'published' AS observed_at_method,
        TIMESTAMPTZ '2026-11-20 08:00:00+00' + to_minutes(minute) AS observed_at, {_from("aa.status", "2026-11-20", "run-s")} FROM {_csv("status.csv")}""")
    con.execute(f"""INSERT INTO catalogue.release BY NAME SELECT *, coalesce(retrieved_at, TIMESTAMPTZ '2026-11-20 01:00:00+00') AS released_at,
        20 AS rows_in_count, 18 AS admitted_count, 0 AS corrected_count, 2 AS quarantined_count, 0 AS withheld_count, 'open' AS access_class,
        attribution AS publisher, 'Points' AS title, 'https://example.org/licence' AS licence_url
        FROM {_csv("releases.csv", "source_updated_at: 'TIMESTAMPTZ', retrieved_at: 'TIMESTAMPTZ', period: 'VARCHAR'")}""")


def empty(home: Path) -> duckdb.DuckDBPyConnection:
    """A layer with every table and view, and no row, in memory."""
    con = connect(Settings(home=home, memory_limit="512MB", threads=2), "spatial")
    con.execute("ATTACH ':memory:' AS lake")
    con.execute("USE lake")
    ensure_tables(con)
    return con
