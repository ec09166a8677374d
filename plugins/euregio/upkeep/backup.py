"""A copy of the layer, catalogue and data, made while others write; and the way back into an empty place."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import identifier
from euregio.storage.layer import open_layer

_CATALOGUE = "catalogue.sqlite"


@dataclass(frozen=True)
class Copied:
    """What a back-up or a restore copied: `files` now, `known` that were there already, and their `size_bytes`."""

    files: int
    known: int
    size_bytes: int


def back_up(settings: Settings, folder: Path) -> Copied:
    """Copy the layer into `folder`: first the catalogue as of one instant, then every file that it names.

    Data files never change, so a later back-up into the same folder copies only new ones. A file that upkeep removes in
    between is one that only an expired snapshot named. Raises EuregioError for a catalogue or data path that is not on
    this machine (docs/operate.md tells what to do there), or a file that is missing.
    """
    catalogue, data = _local(settings)
    if not catalogue.exists():
        raise EuregioError("there is no layer to back up", where=str(catalogue))
    (folder / "data").mkdir(parents=True, exist_ok=True)
    part = folder / f".{_CATALOGUE}.part"
    with closing(sqlite3.connect(catalogue)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    done = _copy(part, data, folder / "data")
    os.replace(part, folder / _CATALOGUE)
    return done


def restore(settings: Settings, folder: Path) -> Copied:
    """Put a back-up into the empty place of `settings`, and read every table once. Raises EuregioError where a layer is there.

    The catalogue comes last, so a restore that is cut off leaves no layer, and may be begun again.
    """
    catalogue, data = _local(settings)
    if catalogue.exists():
        raise EuregioError(
            "there is a layer already", where=str(catalogue), do="Move it away first: a restore replaces nothing."
        )
    if not (folder / _CATALOGUE).is_file():
        raise EuregioError("this is no back-up", where=str(folder), expected=_CATALOGUE)
    data.mkdir(parents=True, exist_ok=True)
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    done = _copy(folder / _CATALOGUE, folder / "data", data)
    part = catalogue.with_name(f".{catalogue.name}.part")
    shutil.copyfile(folder / _CATALOGUE, part)
    with closing(sqlite3.connect(part)) as copy, copy:
        copy.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (f"{data}/",))
    os.replace(part, catalogue)
    _read_through(settings)
    return done


def _read_through(settings: Settings) -> None:
    """Read every table once: a copy that cannot be read is none."""
    with open_layer(settings) as con:
        places = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY ALL"
        ).fetchall()
        for schema, table in places:
            con.execute(
                f"SELECT count(*), bit_xor(hash(t)) FROM {identifier(schema)}.{identifier(table)} AS t"
            ).fetchall()


def _copy(catalogue: Path, source: Path, target: Path) -> Copied:
    """Copy the data files that a catalogue names, below the data path."""
    with closing(sqlite3.connect(catalogue)) as con:
        schemas = dict(con.execute("SELECT schema_id, path FROM ducklake_schema"))
        tables = {
            table: f"{schemas.get(schema, '')}{path}"
            for table, schema, path in con.execute("SELECT table_id, schema_id, path FROM ducklake_table")
        }
        named = con.execute(
            "SELECT table_id, path, path_is_relative, file_size_bytes FROM ducklake_data_file UNION "
            "SELECT table_id, path, path_is_relative, file_size_bytes FROM ducklake_delete_file"
        ).fetchall()
    files = known = size = 0
    for table, path, is_relative, size_bytes in named:
        if not is_relative:
            raise EuregioError("a data file lies outside of the layer's data path", where=str(path))
        place = f"{tables.get(table, '')}{path}"
        origin, copy = (source / place).resolve(), target / place
        if not origin.is_relative_to(source.resolve()) or not origin.is_file():
            raise EuregioError("a data file that the catalogue names is missing", where=str(source), found=place)
        if copy.is_file() and copy.stat().st_size == size_bytes:
            known += 1
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        part = copy.with_name(f".{copy.name}.part")
        shutil.copyfile(origin, part)
        if part.stat().st_size != size_bytes:
            raise EuregioError(
                "a data file has another size than the catalogue says", where=place, found=part.stat().st_size, expected=size_bytes
            )  # fmt: skip
        os.replace(part, copy)
        files, size = files + 1, size + size_bytes
    return Copied(files, known, size)


def _local(settings: Settings) -> tuple[Path, Path]:
    kind, _, place = settings.layer_catalogue.partition(":")
    if kind != "sqlite" or settings.layer_data.startswith("s3://"):
        raise EuregioError(
            "only a layer on this machine's disk is copied by this command", found=f"{kind}, {settings.layer_data.partition(':')[0]}",
            do="A PostgreSQL catalogue is backed up by pg_dump, an S3 data path by the store's versioning: docs/operate.md.",
        )  # fmt: skip
    return Path(place), Path(settings.layer_data)
