"""A copy of the layer, catalogue and data, made while others write; and the way back into an empty place."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import identifier
from euregio.storage.layer import open_layer
from euregio.upkeep.catalogues import catalogue_of
from euregio.upkeep.stores import Store, below, copy, store_of


@dataclass(frozen=True)
class Copied:
    """What a back-up or a restore copied: `files` now, `known` that were there already, and their `size_bytes`."""

    files: int
    known: int
    size_bytes: int


def back_up(settings: Settings, target: str | Path) -> Copied:
    """Copy the layer into `target` (a folder, or `s3://…`): the catalogue as of one instant, and every file that it names.

    Data files never change, so a later back-up into the same place copies only new ones. A file that upkeep removes in
    between is one that only an expired snapshot named. The catalogue comes last: a back-up that is cut off leaves the one
    before. Raises EuregioError where there is no layer, a file is missing, or PostgreSQL's programs are.
    """
    catalogue, to = catalogue_of(settings), store_of(str(target), settings)
    if not catalogue.exists():
        raise EuregioError("there is no layer to back up", where=catalogue.where)
    with tempfile.TemporaryDirectory(prefix="backup-") as folder:
        named = catalogue.take(Path(folder))
        done = _copy(named, store_of(settings.layer_data, settings), below(to, "data", settings))
        to.put(Path(folder) / catalogue.file, catalogue.file)
    return done


def restore(settings: Settings, source: str | Path) -> Copied:
    """Put a back-up into the empty place of `settings`, and read every table once. Raises EuregioError where a layer is there.

    The catalogue comes last, so a restore that is cut off leaves no layer, and may be begun again. It must be of the kind
    that was backed up; where the data lie may change.
    """
    catalogue, origin = catalogue_of(settings), store_of(str(source), settings)
    if catalogue.exists():
        raise EuregioError(
            "there is a layer already", where=catalogue.where, do="Move it away first: a restore replaces nothing."
        )
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        if catalogue.file not in origin.sizes():
            raise EuregioError("this is no back-up of such a layer", where=str(source), expected=catalogue.file)
        origin.fetch(catalogue.file, Path(folder) / catalogue.file)
        named = catalogue.named(Path(folder))
        done = _copy(named, below(origin, "data", settings), store_of(settings.layer_data, settings))
        catalogue.put_back(Path(folder), f"{settings.layer_data.rstrip('/')}/")
    _read_through(settings)
    return done


def _copy(named: dict[str, int], source: Store, target: Store) -> Copied:
    """Copy the data files that a catalogue names; those that are there already, of their size, are left."""
    there = target.sizes()
    known = [place for place, size in named.items() if there.get(place) == size]
    for place in sorted(set(named) - set(known)):
        copy(place, named[place], source, target)
    return Copied(len(named) - len(known), len(known), sum(named.values()) - sum(named[place] for place in known))


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
