"""OICP EVSE data (Hubject 2.1 to 2.3, also as Switzerland publishes it): one row per EVSE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.oicp import records
from euregio.extract.decode.plain import Source
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

FORMAT = Format("oicp-evse-data", "OICP EVSE data (JSON 2.1 to 2.3)", "recharging_point", "an OICP EvseDataRecord")

#: Values that are objects in one version and texts or lists in another stay JSON text.
_COLUMNS = {
    "EvseID": "VARCHAR",
    "deltaType": "VARCHAR",
    "lastUpdate": "VARCHAR",
    "ChargingStationID": "VARCHAR",
    "ChargingPoolID": "VARCHAR",
    "ChargingStationName": "VARCHAR",
    "ChargingStationNames": "VARCHAR",
    "OperatorID": "VARCHAR",
    "OperatorName": "VARCHAR",
    "Address": """STRUCT("Country" VARCHAR, "City" VARCHAR, "Street" VARCHAR, "PostalCode" VARCHAR, "HouseNum" VARCHAR,
        "TimeZone" VARCHAR)""",
    "GeoCoordinates": "VARCHAR",
    "Plugs": "VARCHAR",
    "ChargingFacilities": "VARCHAR",
    "AuthenticationModes": "VARCHAR[]",
    "PaymentOptions": "VARCHAR[]",
    "Accessibility": "VARCHAR",
    "AccessibilityLocation": "VARCHAR",
    "IsOpen24Hours": "VARCHAR",
    "OpeningTimes": "VARCHAR",
}


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per EVSE with the standard's names, and `_operator_id` and `_operator_name` of the group around it.

    Raises DecodeError.
    """
    return records(source, con, ("EVSEData", "OperatorEvseData"), "EvseDataRecord", _COLUMNS, {})
