"""The gate: what of a dataset may cross into the shared layer. What is not named stays in the zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import Column, Table, load_tables
from euregio.errors import ReleaseError
from euregio.release.condition import check_types, columns_asked
from euregio.storage.duck import identifier, quoted

#: Under the grain nuts3: the tag of columns that tell a place more finely than its region, and what names an object.
_FINER_THAN_REGION = "place_exact"
NAMES = {
    "point_id", "publisher_point_id", "station_id", "site_id", "evse_id", "evse_id_raw", "station_name", "site_name",
    "connector_id", "tariff_id",
}  # fmt: skip


@dataclass(frozen=True)
class Passage:
    """What crosses: `projection` (SQL select list over a rows file, in the table's columns) and `condition` on rows.

    `barrier` says why nothing at all crosses, None where rows may; `crossing` are the columns that cross as they are.
    """

    projection: str
    condition: str
    access_class: str
    crossing: tuple[str, ...]
    withheld_columns: tuple[str, ...]
    barrier: str | None = None


def passage(
    dataset: Dataset, table: Table, extras: Mapping[str, tuple[str, ...]] | None = None, secret: str = ""
) -> Passage:
    """The passage of a dataset's rows for one table.

    `secret` is the zone's own: without it nobody can tell from known ids which stand-in is whose (grain nuts3).
    `extras` are columns besides the contract's (names to tags) that derived tables need. Where no row may cross (no
    licence, no release section, an access class that needs an agreement, a required column or a condition that the
    policy does not give this table) the passage has a `barrier`. Raises ReleaseError for a policy that cannot be
    understood: a field that no table has, a condition that is no condition on a row.
    """
    release = dataset.release
    wanted = set(release.fields) if release else set()
    _check_fields(dataset, wanted)
    condition, foreign = _row_condition(dataset, table)
    barrier = _barrier(dataset, table, wanted) or (
        f"release.rows asks {', '.join(foreign)}, which {table.name} does not have" if foreign else None
    )
    if release is None or barrier:
        return Passage("", "false", dataset.access, (), tuple(column.name for column in table.columns), barrier)
    parts, crossing, withheld = [], [], []
    for column in table.columns:
        if _crosses(column, wanted) and not too_fine(column, release.grain):
            parts.append(identifier(column.name))
            crossing.append(column.name)
            continue
        withheld.append(column.name)
        if column.name in NAMES and column.required:
            parts.append(f"{_stand_in(dataset.id, column.name, secret)} AS {identifier(column.name)}")
        else:
            parts.append(f"CAST(NULL AS {column.type}) AS {identifier(column.name)}")
    for name, tags in (extras or {}).items():
        allowed = wanted & {name, *tags} and not (release.grain == "nuts3" and name in NAMES)
        parts.append(identifier(name) if allowed else f"NULL AS {identifier(name)}")
    return Passage(", ".join(parts), condition, dataset.access, tuple(crossing), tuple(withheld))


def derived_passage(dataset: Dataset, table: Table) -> Passage:
    """The passage of rows derived from rows that passed the gate already: what the table's own columns' policy does not
    name becomes null. Required columns (names, counts) stay as they are."""
    release = dataset.release
    wanted = set(release.fields) if release else set()
    grain = release.grain if release else "nuts3"
    crossing = [
        column.name
        for column in table.columns
        if column.required or (_crosses(column, wanted) and not too_fine(column, grain))
    ]
    projection = ", ".join(
        identifier(column.name)
        if column.name in crossing
        else f"CAST(NULL AS {column.type}) AS {identifier(column.name)}"
        for column in table.columns
    )
    withheld = tuple(column.name for column in table.columns if column.name not in crossing)
    return Passage(projection, "true", dataset.access, tuple(crossing), withheld)


def derived_projection(dataset: Dataset, table: Table) -> str:
    """The select list over rows of a derived table, as `derived_passage` has it."""
    return derived_passage(dataset, table).projection


def too_fine(column: Column, grain: str) -> bool:
    """Whether a column tells more than the grain allows: an exact place, an address, the name of an object."""
    return grain == "nuts3" and (_FINER_THAN_REGION in column.tags or column.name in NAMES)


def _barrier(dataset: Dataset, table: Table, wanted: set[str]) -> str | None:
    if dataset.licence is None:
        return "no licence is declared"
    if dataset.release is None:
        return "no release section is declared"
    if dataset.release.access != "open":
        return (
            f"data of the access class {dataset.release.access} crosses only under an agreement, and none is in force"
        )
    grain = dataset.release.grain
    needed = [
        column
        for column in table.columns
        if column.required and column.name not in NAMES and not too_fine(column, grain)
    ]
    unnamed = [column.name for column in needed if not _crosses(column, wanted)]
    return f"{table.name} requires {', '.join(unnamed)}, which release.fields does not name" if unnamed else None


def _check_fields(dataset: Dataset, wanted: set[str]) -> None:
    known = {
        name for table in load_tables().values() for column in table.columns for name in (column.name, *column.tags)
    }
    for name in sorted(wanted - known):
        tags = sorted({tag for table in load_tables().values() for column in table.columns for tag in column.tags})
        raise ReleaseError(
            "no table has such a field or tag", where=f"{dataset.id}, release.fields", found=name,
            expected=f"a column's name, or a tag: {', '.join(tags)}",
        )  # fmt: skip


def _row_condition(dataset: Dataset, table: Table) -> tuple[str, list[str]]:
    """The SQL condition on rows that cross, and the columns in it that the table does not have.

    A condition that is unknown (null) keeps the row back; one that is empty is none and is refused, so that no slip of
    the pen opens the gate.
    """
    sound = "_verdict IN ('admitted', 'corrected')"
    rows = dataset.release.rows if dataset.release else None
    if rows is None:
        return sound, []
    where = f"{dataset.id}, release.rows"
    foreign = [name for name in columns_asked(rows, where) if not table.has(name)]
    if not foreign:
        check_types(rows, table, where)
    return f"{sound} AND coalesce((\n{rows}\n), false)", foreign


def _crosses(column: Column, wanted: set[str]) -> bool:
    return bool(wanted & {column.name, *column.tags})


def _stand_in(dataset_id: str, name: str, secret: str) -> str:
    """A name that tells rows apart and nothing else: their number in the release, in an order unlike the publisher's."""
    order = f"md5({quoted(secret + dataset_id)} || coalesce({identifier(name)}, ''))"
    return f"{quoted(dataset_id + ':')} || dense_rank() OVER (ORDER BY {order})"
