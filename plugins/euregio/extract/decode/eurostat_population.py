"""Eurostat population on 1 January by region, sex and age (demo_r_pjanaggr3 and its kin) as SDMX-CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.csv_table import read_csv_table
from euregio.extract.decode.registry import Format
from euregio.extract.decode.sdmx_csv import sdmx_fields

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

FORMAT = Format(
    "eurostat-population", "Eurostat population by region (SDMX-CSV)", "population", "an observation as a row"
)

FIELDS = sdmx_fields("sex", "age")


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per observation, all text. Raises DecodeError where the file is no CSV with geo, TIME_PERIOD, OBS_VALUE."""
    return read_csv_table(source, FIELDS, con)
