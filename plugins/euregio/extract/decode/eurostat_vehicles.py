"""Eurostat vehicles by motor energy (road_eqs_carpda, road_eqs_lormot and their kin) as SDMX-CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.csv_table import read_csv_table
from euregio.extract.decode.registry import Format
from euregio.extract.decode.sdmx_csv import sdmx_fields

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

FORMAT = Format(
    "eurostat-vehicles", "Eurostat vehicles in stock by motor energy (SDMX-CSV)", "vehicle_registration",
    "an observation as a row",
)  # fmt: skip

FIELDS = sdmx_fields("vehicle", "mot_nrg", essential=("DATAFLOW", "mot_nrg"))


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per observation, all text. Raises DecodeError where the file is no CSV with a dataflow, its motor energy
    (mot_nrg), geo, TIME_PERIOD and OBS_VALUE: without the flow's name stock and new registrations look alike."""
    return read_csv_table(source, FIELDS, con)
