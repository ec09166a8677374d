"""DATEX II v3 EnergyInfrastructureTablePublication, XML and JSON (also in the AFIR profile): a row is a refill point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.datex2_publication import decode_publication
from euregio.extract.decode.datex2_spec import table_spec
from euregio.extract.decode.datex2_xml import Wanted
from euregio.extract.decode.plain import Source
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

FORMAT = Format(
    "datex2-energy-table",
    "DATEX II v3 energy infrastructure table (XML and JSON)",
    "recharging_point",
    "a refill point with its station and site",
)
_WANTED = Wanted("EnergyInfrastructureTablePublication", "energyInfrastructureSite", table_spec, every_level=False)


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per refill point, with what its station and site say beside it, as `<level>_<element>`; all text.

    Texts in several languages are given in the publication's, else in the first. Sites without stations and stations
    without refill points have no row. Raises DecodeError.
    """
    return decode_publication(source, con, _WANTED)
