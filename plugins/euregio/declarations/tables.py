"""Tables of the common model: Open Data Contract Standard documents in `include/tables/`, one file each."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from euregio.declarations.yaml_file import read_yaml, shown
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "tables"
#: Columns that every table of the schema core has besides its contract's: where a row comes from.
PROVENANCE = {
    "_dataset": ("VARCHAR", "Dataset that gave the row, <country>.<theme>__<publisher>"),
    "_period": ("VARCHAR", "Period of the release: a day, month, or instant of the dataset's rhythm"),
    "_run": ("VARCHAR", "Run that released the row"),
    "_raw": ("VARCHAR", "SHA-256 of the landed file, #, number of the record in it"),
    "_verdict": ("VARCHAR", "admitted, or corrected (see quality.correction)"),
}


@dataclass(frozen=True)
class Column:
    """A column of a table: `type` is DuckDB's, `tags` are what a dataset's release names, `key` its place in the key."""

    name: str
    type: str
    description: str
    required: bool
    tags: tuple[str, ...]
    key: int | None


@dataclass(frozen=True)
class Table:
    """A table with its contract. `schema` and `name` are its place in the layer."""

    schema: str
    name: str
    version: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    contract: dict[str, Any]

    @property
    def place(self) -> str:
        """Name in the layer, `core.recharging_point`."""
        return f"{self.schema}.{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that tell two rows of one dataset and period apart."""
        return tuple(c.name for c in sorted((c for c in self.columns if c.key), key=lambda c: c.key or 0))

    def has(self, *names: str) -> bool:
        """Whether the table has all these columns."""
        return set(names) <= {column.name for column in self.columns}


def load_tables() -> dict[str, Table]:
    """All tables by name."""
    return {path.stem: load_table(path.stem) for path in sorted(FOLDER.glob("*.yaml"))}


@functools.cache
def load_table(name: str) -> Table:
    """The table `name`. Raises DeclarationError where its contract is missing or says too little."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise DeclarationError(
            "no such table", found=name, expected=", ".join(sorted(p.stem for p in FOLDER.glob("*.yaml")))
        )
    return table_of(read_yaml(path), shown(path))


def table_of(contract: dict[str, Any], where: str) -> Table:
    """The table that a contract describes. Raises DeclarationError where it says too little."""
    try:
        (shape,) = contract["schema"]
        schema, _, physical = shape["physicalName"].partition(".")
        columns = tuple(
            Column(
                name=p["name"],
                type=p["physicalType"],
                description=p["description"],
                required=bool(p.get("required")),
                tags=tuple(p.get("tags", ())),
                key=p.get("primaryKeyPosition"),
            )
            for p in shape["properties"]
        )
        description = " ".join(contract["description"]["purpose"].split())
        return Table(
            schema, physical, contract["version"], description, shape["dataGranularityDescription"], columns, contract
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DeclarationError(
            "the contract says too little for a table", where=where, found=repr(error),
            expected="one schema with physicalName, dataGranularityDescription and properties (name, physicalType, description)",
        ) from error  # fmt: skip


def columns_of(table: Table) -> dict[str, tuple[str, str]]:
    """Columns of a table in the layer, name to type and comment: the contract's, and in `core` the provenance."""
    columns = {column.name: (column.type, column.description) for column in table.columns}
    return {**columns, **PROVENANCE} if table.schema == "core" else columns
