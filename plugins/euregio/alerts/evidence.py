"""What a zone can show of a problem: the landed files, numbers of records that fail, rows where the policy lets them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import Table
from euregio.errors import harmless
from euregio.extract.landing import manifest_of
from euregio.release.gate import passage
from euregio.settings import Settings
from euregio.storage.duck import connect, identifier, literal, quoted
from euregio.storage.zones import Zone

_FILES, _RECORDS, _ROWS = 5, 10, 3
_TOLD = ("name", "sha256", "size_bytes", "fetched_at", "address")
_LONGEST, _LONGEST_ADDRESS = 80, 500
#: Rows that nobody may be shown, whatever the columns: their publisher says so itself.
_UNSHOWN = ("not_to_be_published",)


def landed(zone: Zone, files: Iterable[str]) -> list[dict[str, Any]]:
    """Name, hash, size, address (without secrets) and instant of landed files, at most five."""
    manifests = (manifest_of(zone, sha256) for sha256 in list(files)[:_FILES])
    return [{name: _told(manifest[name]) for name in _TOLD if name in manifest} for manifest in manifests]


def records(
    zone: Zone, rows: str, settings: Settings, con: duckdb.DuckDBPyConnection | None = None
) -> dict[str, list[int]]:
    """Per reason the numbers of the first records that were kept back for it; `rows` is the rows file in the zone.

    `con` is a connection with the extension spatial, where one is open: loading it takes most of the time here.
    """
    with _reading(settings, con) as asked:
        found = asked.execute(
            f"SELECT reason, list(record ORDER BY record)[1:{_RECORDS}] FROM ("
            f"  SELECT DISTINCT unnest(_reasons) AS reason, _record AS record FROM read_parquet({quoted(str(zone.local(rows)))}) "
            "  WHERE _verdict = 'quarantined') GROUP BY reason ORDER BY reason"
        ).fetchall()
    return {reason: [int(number) for number in numbers] for reason, numbers in found}


def sample_rows(
    zone: Zone,
    dataset: Dataset,
    table: Table,
    rows: str,
    settings: Settings,
    con: duckdb.DuckDBPyConnection | None = None,
) -> list[str]:
    """The first rows that were kept back, as JSON lines of the columns that may cross; none where the policy says no.

    Only data whose access class is open are shown, and of these only columns that the release would show as they are.
    """
    through = passage(dataset, table)
    if through.barrier or through.access_class != "open" or not through.crossing or not zone.exists(rows):
        return []
    with _reading(settings, con) as asked:
        columns = ", ".join(f"CAST({identifier(name)} AS VARCHAR) AS {identifier(name)}" for name in through.crossing)
        # the passage has proved the policy's own condition; its other half asks for rows that were not kept back
        rule = dataset.release.rows if dataset.release else "false"
        condition = f"coalesce((\n{rule}\n), false)" if rule else "true"  # a rule may end in a comment
        found = asked.sql(
            f"SELECT {columns} FROM read_parquet({quoted(str(zone.local(rows)))}) "
            f"WHERE _verdict = 'quarantined' AND NOT list_has_any(_reasons, {literal(list(_UNSHOWN))}) "
            f"AND ({condition}) LIMIT {_ROWS}"
        )
        names, lines = found.columns, found.fetchall()
    kept = (
        {name: harmless(value)[:_LONGEST] for name, value in zip(names, line, strict=True) if value} for line in lines
    )
    return [json.dumps(row, ensure_ascii=False) for row in kept]


def _told(value: Any) -> Any:
    """A fact of a manifest as it is told: a publisher may have named the file, and the address that it sent us to."""
    return harmless(value)[:_LONGEST_ADDRESS] if isinstance(value, str) else value


@contextmanager
def _reading(settings: Settings, con: duckdb.DuckDBPyConnection | None) -> Iterator[duckdb.DuckDBPyConnection]:
    if con is not None:
        yield con
        return
    own = connect(settings, "spatial")
    try:
        yield own
    finally:
        own.close()
