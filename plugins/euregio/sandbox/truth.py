"""What is true of the sandbox's points, written beside the feeds for tests to compare with. In `<work>/truth/`:

`points.parquet`   every point of every static feed as published: `dataset`, `record` (from 1, in the order of the file;
                   a record is a device row of bnetza, a pdc row of irve, a location of ocpi, an EVSEDataRecord of oicp,
                   a refill point of datex2), `point` (from 1 within the record), `feed` and `country` (of the publisher, of
                   the place), `station_key`, `evse_id` (published, null where empty), `true_evse_id`, true `nuts3`,
                   `latitude`, `longitude`, `power_kw` (true), `published_power_kw` and published coordinates, `fault`
                   (name of the defect or empty), `is_repeat`, `is_copy` (a neighbour's description of a station),
                   expected `verdict` and `reason`.
`defects.csv`      the rows of it that a defect befell, repeats included.
`matches.csv`      stations that two feeds describe: `station_key`, `dataset`, `other_station_key`, `other_dataset`,
                   `same_evse_ids`, `distance_m`, `points`.
`regions.csv`      NUTS-3 region: border region, country, `points`, `power_kw`, `points_50kw`, `points_150kw` (true, each
                   physical point once, described by its own country), and the same as `expected_*`: only points whose
                   row is expected to be admitted or corrected, with their published power (the true one of a corrected row).
`sides.csv`        the same by border region and country, with `nominal_area_km2` (the map's polygons differ by some
                   per cent) and `inhabitants`.
`datasets.csv`     dataset, lines of its file, points published, faults, repeats, copies.
`status.csv`       statuses of each snapshot that was written so far: `dataset`, `observed_at` (UTC), `nuts3`, `status`, `points`.

A truncated record is one row for the pipeline, however many points it had: compare it by record. In the file of CH a
record of the sandbox may stand in several operator blocks; `record` counts through them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from euregio.sandbox import world
from euregio.sandbox.defects import DEFECTS
from euregio.sandbox.publishers import PUBLISHERS
from euregio.sandbox.publishers.reference import inhabitants
from euregio.sandbox.publishers.writing import Publisher, said_sql

if TYPE_CHECKING:
    import duckdb

_POINTS = """
SELECT '{dataset}' AS dataset,
    {start} + {record} AS record,
    {point} AS point,
    '{feed}' AS feed, country, station_key, evse_id, true_evse_id, nuts3, true_latitude AS latitude, true_longitude AS longitude,
    latitude AS published_latitude, longitude AS published_longitude,
    true_power_kw AS power_kw, power_kw AS published_power_kw, kind_name AS kind, restricted, fault, repeat_no = 1 AS is_repeat,
    country <> '{feed}' AS is_copy,
    CASE WHEN fault IN ('duplicate_identical', 'duplicate_older') AND repeat_no = 0 THEN 'admitted'
         ELSE coalesce(expected.verdict, 'admitted') END AS verdict,
    CASE WHEN fault IN ('duplicate_identical', 'duplicate_older') AND repeat_no = 0 THEN ''
         ELSE coalesce(expected.reason, '') END AS reason
FROM read_parquet('{chunk}') LEFT JOIN expected ON expected.name = fault AND expected.feed = '{feed}'
ORDER BY point_ord
"""


def write_truth(con: duckdb.DuckDBPyConnection, work: Path, feeds: dict[str, list[Path]]) -> None:
    """Write all but `status.csv`. `feeds` are the chunks of each country's feed in the order of writing."""
    import pyarrow as pa

    truth = work / "truth"
    parts = truth / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    expected = [(feed, defect.name, *defect.expected(feed)) for defect in DEFECTS for feed in defect.feeds]
    con.register(
        "expected",
        pa.table(dict(zip(("feed", "name", "verdict", "reason"), map(list, zip(*expected, strict=True)), strict=True))),
    )
    for publisher in PUBLISHERS.values():
        if not publisher.moving:
            _write_points(con, publisher, feeds[publisher.feed], parts)
    con.execute(
        f"COPY (SELECT * FROM read_parquet('{parts}/*.parquet')) TO '{truth}/points.parquet' (FORMAT parquet, COMPRESSION zstd)"
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW truth AS SELECT * FROM read_parquet('{truth}/points.parquet')")
    _csv(con, truth / "defects.csv", "SELECT dataset, record, point, evse_id, true_evse_id, station_key, fault AS kind, verdict, "
         "reason, is_repeat FROM truth WHERE fault <> '' ORDER BY ALL")  # fmt: skip
    _csv(con, truth / "matches.csv", _MATCHES)
    _regions(con, truth)
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()


def status_counts(
    con: duckdb.DuckDBPyConnection, publisher: Publisher, chunk: Path, at: datetime, seed: int
) -> list[tuple]:
    """Statuses of a chunk at an instant: (region, status, points), of the points that the feed names once and by an id.

    A feed of nothing but statuses leaves out points with a malformed id; one that has them beside the data does not.
    """
    skipped = "'malformed_evse_id', 'empty_key'" if publisher.moving else "'empty_key'"
    con.execute(f"CREATE OR REPLACE TEMP VIEW feed AS SELECT * FROM read_parquet('{chunk}')")
    return con.execute(
        f"SELECT nuts3, status, count(*) FROM ({said_sql(publisher, at, seed)}) "
        f"WHERE fault NOT IN ({skipped}) AND repeat_no = 0 GROUP BY ALL ORDER BY ALL"
    ).fetchall()


def _write_points(con: duckdb.DuckDBPyConnection, publisher: Publisher, chunks: list[Path], parts: Path) -> None:
    start = 0
    by_point = publisher.grain == "point"
    for number, chunk in enumerate(chunks):
        sql = _POINTS.format(
            dataset=publisher.dataset, start=start, feed=publisher.feed, chunk=chunk,
            record="point_ord" if by_point else "station_ord", point="1" if by_point else "point_no",
        )  # fmt: skip
        out = parts / f"{publisher.dataset}-{number:04d}.parquet"
        con.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")
        start = con.execute(f"SELECT max(record) FROM read_parquet('{out}')").fetchone()[0]  # type: ignore[index]


_MATCHES = """
WITH copied AS (SELECT DISTINCT replace(station_key, '-X', '') AS station_key FROM truth WHERE is_copy),
station AS (
    SELECT dataset, station_key, is_copy, any_value(published_latitude) AS latitude, any_value(published_longitude) AS longitude,
        count(*) AS points, list_sort(list(evse_id)) AS evse_ids
    FROM truth WHERE NOT is_repeat AND replace(station_key, '-X', '') IN (FROM copied) GROUP BY ALL
)
SELECT own.station_key, own.dataset, copy.station_key AS other_station_key, copy.dataset AS other_dataset,
    own.evse_ids = copy.evse_ids AS same_evse_ids,
    round(111195 * sqrt((own.latitude - copy.latitude) ** 2 + ((own.longitude - copy.longitude) * cos(radians(own.latitude))) ** 2), 1) AS distance_m,
    own.points
FROM station AS copy JOIN station AS own ON own.station_key = replace(copy.station_key, '-X', '') AND NOT own.is_copy
WHERE copy.is_copy ORDER BY ALL
"""

_SUMS = """
    count(dataset) FILTER (NOT is_repeat) AS points,
    round(coalesce(sum(power_kw) FILTER (NOT is_repeat), 0), 3) AS power_kw,
    count(dataset) FILTER (NOT is_repeat AND power_kw >= 50) AS points_50kw,
    count(dataset) FILTER (NOT is_repeat AND power_kw >= 150) AS points_150kw,
    count(dataset) FILTER (verdict <> 'quarantined') AS expected_points,
    round(coalesce(sum(said_power_kw) FILTER (verdict <> 'quarantined'), 0), 3) AS expected_power_kw,
    count(dataset) FILTER (verdict <> 'quarantined' AND said_power_kw >= 50) AS expected_points_50kw,
    count(dataset) FILTER (verdict <> 'quarantined' AND said_power_kw >= 150) AS expected_points_150kw
"""


def _regions(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    import pyarrow as pa

    people = inhabitants()
    con.register("map_region", pa.table({
        "region": [r.cluster for r in world.regions().values()], "country": [r.country for r in world.regions().values()],
        "nuts3": list(world.regions()), "area_km2": [r.area_km2 for r in world.regions().values()],
        "inhabitants": [people[code][2025][0] for code in world.regions()],
    }))  # fmt: skip
    con.execute(
        # what is corrected has its true power again
        "CREATE OR REPLACE TEMP VIEW own AS SELECT * EXCLUDE (country), "
        "CASE WHEN verdict = 'corrected' THEN power_kw ELSE coalesce(published_power_kw, power_kw) END AS said_power_kw "
        "FROM truth WHERE NOT is_copy"
    )
    _csv(con, truth / "regions.csv", f"SELECT map_region.nuts3, map_region.region, map_region.country, {_SUMS} FROM map_region "
         "LEFT JOIN own USING (nuts3) GROUP BY ALL ORDER BY ALL")  # fmt: skip
    _csv(con, truth / "sides.csv", f"""
        WITH side AS (SELECT region, country, sum(area_km2) AS nominal_area_km2, sum(inhabitants) AS inhabitants FROM map_region GROUP BY ALL)
        SELECT side.region, side.country, side.nominal_area_km2, side.inhabitants, {_SUMS}
        FROM own JOIN map_region USING (nuts3) JOIN side ON side.region = map_region.region AND side.country = map_region.country
        GROUP BY ALL ORDER BY ALL""")  # fmt: skip


def _csv(con: duckdb.DuckDBPyConnection, path: Path, sql: str) -> None:
    con.execute(f"COPY ({sql}) TO '{path}' (FORMAT csv, HEADER)")
