"""DATEX II v3 EnergyInfrastructureStatusPublication, XML and JSON (also in the AFIR profile): a row is a point's status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.datex2_publication import decode_publication
from euregio.extract.decode.datex2_spec import status_spec
from euregio.extract.decode.datex2_xml import Wanted
from euregio.extract.decode.plain import Source
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

FORMAT = Format(
    "datex2-energy-status",
    "DATEX II v3 energy infrastructure status (XML and JSON)",
    "status_observation",
    "the status of a refill point, or of a station or site without points",
)
_WANTED = Wanted(
    "EnergyInfrastructureStatusPublication", "energyInfrastructureSiteStatus", status_spec, every_level=True
)


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per refill point's status, beside those of its station and site, as `<level>_<element>`; all text.

    A station's or site's status without any point's has a row with `point_reference` null. Planned statuses, waiting
    times and price updates are not read. Raises DecodeError.
    """
    return decode_publication(source, con, _WANTED)
