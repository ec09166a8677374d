"""OICP EVSE status (Hubject 2.1 to 2.3, also as Switzerland publishes it): one row per EVSE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.oicp import records
from euregio.extract.decode.plain import Source
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

FORMAT = Format(
    "oicp-evse-status", "OICP EVSE status (JSON 2.1 to 2.3)", "status_observation", "an OICP EvseStatusRecord"
)

_COLUMNS = {"EvseID": "VARCHAR", "EvseStatus": "VARCHAR"}


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per EVSE with the standard's names. Raises DecodeError."""
    outer = ("EVSEStatuses", "EvseStatuses", "OperatorEvseStatus")
    return records(source, con, outer, "EvseStatusRecord", _COLUMNS, {})
