"""The gate: what of a dataset may cross into the shared layer. What is not named stays in the zone."""

from __future__ import annotations

from dataclasses import dataclass

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import Column, Table
from euregio.errors import ReleaseError
from euregio.storage.duck import identifier, quoted

#: Tags of columns that tell a place or an object more finely than a region does.
_FINER_THAN_REGION = {"place_exact"}
_NAMES = {"point_id", "station_id", "site_id", "evse_id", "evse_id_raw", "station_name", "site_name"}


@dataclass(frozen=True)
class Passage:
    """What crosses: `projection` (SQL select list over a rows file, in the table's columns) and `condition` on rows."""

    projection: str
    condition: str
    access_class: str
    withheld_columns: tuple[str, ...]


def passage(dataset: Dataset, table: Table, extras: dict[str, tuple[str, ...]] | None = None) -> Passage:
    """The passage of a dataset's rows for one table.

    `extras` are columns besides the contract's (names to tags) that derived tables need. Raises ReleaseError where
    nothing may cross: no licence, no release section, an access class that needs an agreement, a required column
    that is not named.
    """
    release = dataset.release
    if dataset.licence is None:
        raise ReleaseError("no licence is declared: nothing crosses", where=dataset.id, do="Declare the publisher's licence.")
    if release is None:
        raise ReleaseError("no release section is declared: nothing crosses", where=dataset.id, do="Declare what may cross.")
    if release.access != "open":
        raise ReleaseError(
            "this access class crosses only under an agreement, and none is in force", where=dataset.id,
            found=release.access, expected="open",
        )  # fmt: skip
    known = {tag for column in table.columns for tag in column.tags} | {column.name for column in table.columns}
    all_known = known | _tags_of_all_tables()
    for name in release.fields:
        if name not in all_known:
            raise ReleaseError("unknown field or tag", where=f"{dataset.id}, release.fields", found=name, expected=", ".join(sorted(known)))
    wanted = set(release.fields)
    parts, withheld = [], []
    for column in table.columns:
        if _crosses(column, wanted) and not _too_fine(column, release.grain):
            parts.append(identifier(column.name))
        elif column.name in _NAMES and column.required:
            parts.append(f"{_stand_in(dataset.id, column.name)} AS {identifier(column.name)}")
            withheld.append(column.name)
        elif column.required and not (release.grain == "nuts3" and set(column.tags) & _FINER_THAN_REGION):
            raise ReleaseError(
                "a column that the table requires may not cross", where=f"{dataset.id}, {table.name}",
                found=column.name, expected=f"one of {', '.join((column.name, *column.tags))} in release.fields",
            )  # fmt: skip
        else:
            parts.append(f"CAST(NULL AS {column.type}) AS {identifier(column.name)}")
            withheld.append(column.name)
    for name, tags in (extras or {}).items():
        allowed = wanted & {name, *tags} and not (release.grain == "nuts3" and name in _NAMES)
        parts.append(identifier(name) if allowed else f"NULL AS {identifier(name)}")
    condition = "_verdict IN ('admitted', 'corrected')" + (f" AND coalesce(({release.rows}), false)" if release.rows else "")
    return Passage(", ".join(parts), condition, release.access, tuple(withheld))


def _crosses(column: Column, wanted: set[str]) -> bool:
    return bool(wanted & {column.name, *column.tags})


def _too_fine(column: Column, grain: str) -> bool:
    return grain == "nuts3" and (bool(set(column.tags) & _FINER_THAN_REGION) or column.name in _NAMES)


def _stand_in(dataset_id: str, name: str) -> str:
    """A name that tells rows apart and nothing else: their number in the release, in an order unlike the publisher's."""
    return f"{quoted(dataset_id + ':')} || dense_rank() OVER (ORDER BY md5(coalesce({identifier(name)}, '') || {quoted(dataset_id)}))"


def _tags_of_all_tables() -> set[str]:
    from euregio.declarations.tables import load_tables

    return {name for table in load_tables().values() for column in table.columns for name in (column.name, *column.tags)}
