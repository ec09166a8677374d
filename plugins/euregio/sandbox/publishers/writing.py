"""How a publisher's file is written: a head, lines that SQL makes of each chunk of the feed, and a tail."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from euregio.sandbox.profiles import PROFILES

if TYPE_CHECKING:
    import duckdb

#: Words of the sandbox's feeds that every publisher's SQL may use.
MACROS = """
CREATE OR REPLACE TEMP MACRO xml(txt) AS
    replace(replace(replace(replace(txt, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;');
CREATE OR REPLACE TEMP MACRO cell(txt, separator) AS
    CASE WHEN txt IS NULL THEN '' WHEN contains(txt, separator) OR contains(txt, '"') THEN '"' || replace(txt, '"', '""') || '"' ELSE txt END;
CREATE OR REPLACE TEMP MACRO num(x) AS
    CASE WHEN x IS NULL THEN NULL WHEN x = floor(x) THEN x::BIGINT::VARCHAR ELSE regexp_replace(format('{:.6f}', x), '0+$', '') END;
CREATE OR REPLACE TEMP MACRO utc(t) AS strftime(t, '%Y-%m-%dT%H:%M:%SZ');
"""

#: Status of a point at an instant (UTC): out of service and unknown last a day, a charge lasts half an hour or more,
#: and more cars charge by day than by night. From the hash of the EVSE id: the same in every run of a seed.
STATUS_SQL = """
SELECT *, CASE
        WHEN day_luck < {broken} THEN 'out_of_service'
        WHEN day_luck < {broken} + {silent} THEN 'unknown'
        WHEN now_luck < {busy} * (0.35 + 0.65 * greatest(0, sin((hour({at}) - 6) * pi() / 15))) THEN 'occupied'
        WHEN now_luck > 0.997 THEN 'reserved'
        ELSE 'available' END AS status,
    {at} - to_seconds((hash(true_evse_id, {seed}) % 840)::BIGINT) AS status_at
FROM (
    SELECT *, (hash(true_evse_id, {seed}, ({at})::DATE) % 1000000) / 1e6 AS day_luck,
        (hash(true_evse_id, {seed}, epoch({at})::BIGINT // 1800) % 1000000) / 1e6 AS now_luck
    FROM feed
)
"""


@dataclass(frozen=True)
class Publisher:
    """One simulated dataset.

    `dataset` its id; `feed` the country whose feed it writes; `grain` of one record (`station` or `point`);
    `lines` SQL over the view `said` (the feed with `status` and `status_at`) with one column of text, in order;
    `head`, `tail`, `joiner` what stands around and between the lines (`@AT@` is the publication's instant, UTC).
    `states`: the file has statuses; `moving`: it has nothing else, and every fetch gives the next snapshot.
    """

    dataset: str
    feed: str
    grain: str
    content_type: str
    lines: str
    head: str = ""
    tail: str = ""
    joiner: str = "\n"
    encoding: str = "utf-8"
    gzipped: bool = False
    states: bool = False
    moving: bool = False


def said_sql(publisher: Publisher, at: datetime, seed: int) -> str:
    """SQL of the feed with its statuses at an instant."""
    profile = next(p for p in PROFILES if p.country == publisher.feed)
    return STATUS_SQL.format(
        broken=profile.broken, silent=profile.silent, busy=profile.busy, seed=seed,
        at=f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'",
    )  # fmt: skip


def write_file(
    con: duckdb.DuckDBPyConnection, publisher: Publisher, chunks: Iterable[Path], out: Path, at: datetime, seed: int
) -> int:
    """Write the publisher's file as of the instant `at` (UTC, naive) and return the number of its lines."""
    instant = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    con.execute(MACROS)
    lines = 0
    with out.open("wb") as plain:
        packed = gzip.GzipFile("", "wb", compresslevel=5, fileobj=plain, mtime=0) if publisher.gzipped else None
        text = io.TextIOWrapper(packed or plain, encoding=publisher.encoding, newline="")
        text.write(publisher.head.replace("@AT@", instant))
        for chunk in chunks:
            con.execute(f"CREATE OR REPLACE TEMP VIEW feed AS SELECT * FROM read_parquet('{chunk}')")
            con.execute(f"CREATE OR REPLACE TEMP VIEW said AS {said_sql(publisher, at, seed)}")
            result = con.execute(publisher.lines.replace("@AT@", instant))
            while rows := result.fetchmany(20_000):
                text.write(publisher.joiner if lines else "")
                text.write(publisher.joiner.join(row[0] for row in rows))
                lines += len(rows)
        text.write(publisher.tail.replace("@AT@", instant))
        text.flush()
        text.detach()
        if packed:
            packed.close()
    return lines
