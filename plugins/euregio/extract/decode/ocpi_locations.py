"""OCPI locations (2.1.1, 2.2, 2.2.1, 2.3 and what is written like them): one row per location, its EVSEs nested."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from euregio.extract.decode.json_pages import payloads
from euregio.extract.decode.json_records import read, respelled, text_sql
from euregio.extract.decode.plain import Source
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

FORMAT = Format("ocpi-locations", "OCPI locations (JSON 2.1.1 to 2.3)", "recharging_point", "an OCPI Location object")

_ENVELOPES = ("data", "items", "locations", "results", "content", "payload")

_PLACE = "STRUCT(latitude VARCHAR, longitude VARCHAR)"
#: 2.1.1 says voltage and amperage, 2.2 max_voltage and max_amperage; max_electric_power (W) came with 2.2.
_CONNECTOR = """STRUCT(id VARCHAR, standard VARCHAR, format VARCHAR, power_type VARCHAR, voltage VARCHAR,
    amperage VARCHAR, max_voltage VARCHAR, max_amperage VARCHAR, max_electric_power VARCHAR)"""
_EVSE = f"""STRUCT(uid VARCHAR, id VARCHAR, evse_id VARCHAR, status VARCHAR, last_updated VARCHAR, coordinates {_PLACE},
    capabilities VARCHAR[], parking_restrictions VARCHAR[], connectors {_CONNECTOR}[])"""
#: Opening times are text here: they occur as an object, a list and a plain sentence.
_COLUMNS = {
    "id": "VARCHAR",
    "country_code": "VARCHAR",
    "party_id": "VARCHAR",
    "publish": "VARCHAR",
    "type": "VARCHAR",
    "parking_type": "VARCHAR",
    "name": "VARCHAR",
    "address": "VARCHAR",
    "city": "VARCHAR",
    "postal_code": "VARCHAR",
    "country": "VARCHAR",
    "coordinates": _PLACE,
    "operator": "STRUCT(name VARCHAR)",
    "time_zone": "VARCHAR",
    "opening_times": "VARCHAR",
    "last_updated": "VARCHAR",
    "evses": f"{_EVSE}[]",
}
_NAMES = (
    "country_code", "party_id", "parking_type", "postal_code", "time_zone", "opening_times", "last_updated", "evse_id",
    "parking_restrictions", "power_type", "max_voltage", "max_amperage", "max_electric_power", "voltage", "amperage",
    "coordinates", "latitude", "longitude", "connectors", "capabilities", "standard", "id", "evses", "name", "address",
    "city", "country", "publish", "uid", "status", "format", "operator",
)  # fmt: skip
#: What some write for the standard's names.
_OTHER = {"lat": "latitude", "lon": "longitude", "lng": "longitude"}


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per location with the standard's names, whatever their case.

    Beside them `_published` (the envelope's timestamp) and, for rules on plain columns, `latitude`, `longitude` and
    `evse_count`. Raises DecodeError.
    """
    also = {
        "latitude": "coordinates.latitude",
        "longitude": "coordinates.longitude",
        "evse_count": "len(evses)",
    }

    def parts(thorough: bool) -> list[tuple[Path, dict[str, str]]]:
        pages = payloads(source, _ENVELOPES, ("evses", "coordinates", "Evses", "EVSEs", "Coordinates"), thorough)
        return [
            (
                respelled(source, page.path, _NAMES, _OTHER),
                {"_published": text_sql(_timestamp(page.around)), **also},
            )
            for page in pages
        ]

    return read(source, con, _COLUMNS, parts)


def _timestamp(around: dict[str, Any]) -> object:
    return next((value for key, value in around.items() if key.lower() == "timestamp"), None)
