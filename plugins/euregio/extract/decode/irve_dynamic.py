"""IRVE dynamic: the state of French recharging points as CSV, schema 2.x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.csv_table import read_csv_table
from euregio.extract.decode.headers import Fields, key
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

FORMAT = Format(
    "irve-dynamic", "IRVE dynamic (CSV 2.x)", "status_observation", "the state of a recharging point as a row"
)

_NAMES = (
    "id_pdc_itinerance", "etat_pdc", "occupation_pdc", "horodatage", "etat_prise_type_2", "etat_prise_type_combo_ccs",
    "etat_prise_type_chademo", "etat_prise_type_ef",
)  # fmt: skip

FIELDS = Fields(
    names=_NAMES,
    aliases={key(name): name for name in _NAMES},
    essential=(("id_pdc_itinerance",), ("etat_pdc",), ("occupation_pdc",), ("horodatage",)),
)


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per observation, all text. Raises DecodeError where the file is no CSV with the schema's columns."""
    return read_csv_table(source, FIELDS, con)
