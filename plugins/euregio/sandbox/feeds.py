"""What each publisher knows, as Parquet files of one chunk each in `work/feeds/<country>/`: points with their defects,
repeats within the feed, and copies of stations abroad that a neighbour describes too. The writers turn them to bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from euregio.sandbox.defects import ABROAD, DEFECTS_SQL, defects_of
from euregio.sandbox.points import CHUNK, POINTS_SQL, chunk_sizes, stations, word_tables
from euregio.sandbox.profiles import DESCRIBES_ABROAD, PROFILES, Profile

if TYPE_CHECKING:
    import duckdb

#: Feeds that write power in watts.
_WATT_FEEDS = ("NL", "BE", "ES")
#: Share of the stations near the border that the neighbour's feed describes too, and how near, km.
_COPIED, _NEAR_KM = 0.10, 20

_REPEATS_SQL = """
SELECT * FROM published
UNION ALL BY NAME
SELECT * REPLACE (1 AS repeat_no, CASE defect WHEN 'duplicate_older' THEN updated_at - INTERVAL 400 DAY ELSE updated_at END AS updated_at)
FROM published WHERE defect IN ('duplicate_identical', 'duplicate_older')
"""

# The neighbour measured some metres beside, writes another name, and for four in ten gives ids of its own, which are no
# well-formed EVSE ids (but in OICP, which takes no other).
_COPIES_SQL = """
SELECT * EXCLUDE (moved_lon, moved_lat) REPLACE (
    moved_lon AS longitude, moved_lat AS latitude, upper(left(city, 1)) || substr(city, 2) || ' ' || street AS station_name,
    station_key || '-X' AS station_key,
    CASE WHEN luck_2 < 0.6 OR $partner = 'CH' THEN evse_id
         ELSE left(evse_id, 7) || 'X' || substr(evse_id, 8) END AS evse_id
) FROM (
    SELECT *, round(longitude + (luck_2 - 0.5) * 0.0004, 6) AS moved_lon, round(latitude + (luck_3 - 0.5) * 0.0003, 6) AS moved_lat
    FROM feed WHERE border_km < $near_km AND other = $partner AND luck_3 < $copied
    QUALIFY count(defect) OVER (PARTITION BY station_no) = 0
)
"""


def build_feeds(con: duckdb.DuckDBPyConnection, work: Path, size: int, seed: int, rate: float) -> None:
    """Write the feeds of `size` points (over all countries), of whose stations the share `rate` has a defect.

    Copies and repeats come on top of `size`. Peak memory is that of one chunk.
    """
    word_tables(con)
    for profile in PROFILES:
        folder = work / "feeds" / profile.country
        folder.mkdir(parents=True, exist_ok=True)
        for chunk, points in enumerate(chunk_sizes(size, profile)):
            _build_chunk(con, profile, seed, chunk, points, rate, folder / f"own-{chunk:03d}.parquet")
    for partner in DESCRIBES_ABROAD:
        for profile in PROFILES:
            if profile.country != partner:
                _copy_abroad(con, work / "feeds", profile.country, partner)


def build_one_feed(con: duckdb.DuckDBPyConnection, work: Path, country: str, size: int, seed: int, rate: float) -> None:
    """Write the feed of one country alone, of `size` points: for measuring a format at a size."""
    word_tables(con)
    profile = next(profile for profile in PROFILES if profile.country == country)
    folder = work / "feeds" / country
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [min(CHUNK, size - start) for start in range(0, size, CHUNK)]
    for chunk, points in enumerate(chunks):
        _build_chunk(con, profile, seed, chunk, points, rate, folder / f"own-{chunk:03d}.parquet")


def feed_files(work: Path, country: str) -> list[Path]:
    """The feed's chunks in the order in which they are written."""
    return sorted((work / "feeds" / country).glob("*.parquet"), key=lambda path: (path.stem.startswith("z"), path.stem))


def _build_chunk(
    con: duckdb.DuckDBPyConnection, profile: Profile, seed: int, chunk: int, points: int, rate: float, out: Path
) -> None:
    import pyarrow as pa

    feed = profile.country
    con.register("drawn", pa.table(stations(seed, profile, chunk, points)))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE points AS {POINTS_SQL}",
        {"country": feed, "exact_power": profile.exact_power},
    )
    known = defects_of(feed)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE published AS {DEFECTS_SQL}",
        {
            "rate": rate, "names": [d.name for d in known], "whole": [d.name for d in known if d.whole_station],
            "abroad": list(ABROAD[feed]), "factor": 1000 if feed in _WATT_FEEDS else 1,
        },
    )  # fmt: skip
    _write(con, feed, _REPEATS_SQL, out)
    con.unregister("drawn")


def _copy_abroad(con: duckdb.DuckDBPyConnection, feeds: Path, country: str, partner: str) -> None:
    for source in sorted((feeds / country).glob("own-*.parquet")):
        con.execute(f"CREATE OR REPLACE TEMP VIEW feed AS SELECT * FROM read_parquet('{source}')")
        sql = _COPIES_SQL.replace("$near_km", str(_NEAR_KM)).replace("$copied", str(_COPIED))
        sql = sql.replace("$partner", f"'{partner}'")
        if (con.execute(f"SELECT count(*) FROM ({sql})").fetchone() or (0,))[0]:
            _write(con, partner, sql, feeds / partner / f"z-{country}-{source.stem[4:]}.parquet")


def _write(con: duckdb.DuckDBPyConnection, feed: str, sql: str, out: Path) -> None:
    """Number stations and points in the order in which the feed writes them (CH groups by operator), and store."""
    order = "operator_id, repeat_no, station_no" if feed == "CH" else "repeat_no, station_no"
    con.execute(f"""
        COPY (
            SELECT * EXCLUDE (station_ord, point_ord),
                dense_rank() OVER (ORDER BY {order}) AS station_ord, row_number() OVER (ORDER BY {order}, point_no) AS point_ord
            FROM (SELECT *, 0 AS station_ord, 0 AS point_ord FROM ({sql}))
            ORDER BY point_ord
        ) TO '{out}' (FORMAT parquet, COMPRESSION lz4_raw)
    """)
