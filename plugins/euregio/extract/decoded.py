"""Decode one landed file into one Parquet file of records, or fail with one clear line and leave nothing."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from euregio.errors import DecodeError, EuregioError
from euregio.extract.decode.plain import plain_source
from euregio.extract.decode.registry import module_of
from euregio.storage.duck import parquet_rows
from euregio.storage.zones import ZoneError

#: Memory limits in DuckDB's words, in MiB, and the most that a decoding may ask for.
_MIB = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
_MOST_ROOM_MB = 1100
#: A full disk in the words of the system: no fault of the file that is decoded.
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")


@dataclass(frozen=True)
class Decoded:
    """What a decoding gave: `path` of the Parquet file, number of `records`, names of the `columns`."""

    path: Path
    records: int
    columns: tuple[str, ...]


def decode_file(
    format_name: str, landed: Path, out: Path, con: duckdb.DuckDBPyConnection, *, name: str, file_id: str
) -> Decoded:
    """Decode `landed` into the Parquet file `out`, with `_file` = `file_id` beside the publisher's columns.

    Streams: memory does not grow with the file. `out` appears whole or not at all. Raises DecodeError.
    """
    decoder = module_of(format_name)
    if not file_id.isalnum():
        raise ValueError(f"a file id is a hash, not {file_id!r}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="decode-", dir=out.parent) as scratch:
        part = Path(scratch) / "part.parquet"
        source = None
        try:
            source = plain_source(landed, name, Path(scratch))
            relation = decoder.decode(source, con)
            columns = tuple(relation.columns)
            try:
                _write(con, relation, file_id, part)
            except duckdb.InvalidInputException:
                if not source.second_try or source.failures:
                    raise
                _write(con, source.second_try[0](), file_id, part)
        except EuregioError:
            raise
        except (duckdb.Error, OSError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
            if full := next((words for words in _FULL if words in str(error)), None):
                raise ZoneError(
                    "the zone's storage failed", where=name, found=full, do="Make room; run again."
                ) from error  # fmt: skip
            raise (source.failures[0] if source and source.failures else _plainly(error, format_name, name)) from error
        records = parquet_rows(con, part)
        if not records:
            raise DecodeError(
                "the file holds no records", where=name, found="0 records", expected=decoder.FORMAT.record
            )
        os.replace(part, out)
    return Decoded(out, records, columns)


def _write(con: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, file_id: str, part: Path) -> None:
    # measured with 1 M rows of 57 columns: a third of DuckDB's row group takes 0.55 GB instead of 0.96, and less time
    with _room_for(con, len(relation.columns)):
        relation.project(f"'{file_id}' AS _file, *").to_parquet(str(part), compression="lz4_raw", row_group_size=40_960)


@contextmanager
def _room_for(con: duckdb.DuckDBPyConnection, columns: int) -> Iterator[None]:
    """A memory limit with which DuckDB lets all threads write a file whose rows keep their order.

    It asks for 4 MB a column and thread, twice, before a thread may run ahead. Measured with 57 columns: it takes a
    third of that, and with less than it asks for, one thread writes.
    """
    now, threads = con.execute("SELECT current_setting('memory_limit'), current_setting('threads')").fetchall()[0]
    number, unit = now.split()
    wanted = min(9 * columns * threads, _MOST_ROOM_MB)
    if float(number) * _MIB.get(unit, 1024**2) < wanted:
        con.execute(f"SET memory_limit = '{wanted}MiB'")
    try:
        yield
    finally:
        con.execute(f"SET memory_limit = '{number}{unit}'")


def _plainly(error: BaseException, format_name: str, name: str) -> DecodeError:
    """What a library said, cut to its first line."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    said = re.sub(r' in file "[^"]*"', "", said)  # the path of a scratch file tells the user nothing
    return DecodeError(
        f"cannot be read as {format_name}", where=name, found=said, do="Check the format, or fetch it again."
    )
