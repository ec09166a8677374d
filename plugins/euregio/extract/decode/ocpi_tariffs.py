"""OCPI tariffs (2.1.1, 2.2, 2.2.1, 2.3): one row per tariff, its elements and price components nested."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from euregio.extract.decode.json_pages import payloads
from euregio.extract.decode.json_records import read, respelled
from euregio.extract.decode.plain import Source
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

FORMAT = Format("ocpi-tariffs", "OCPI tariffs (JSON 2.1.1 to 2.3)", "tariff", "an OCPI Tariff object")

_ENVELOPES = ("data", "items", "tariffs", "results", "content", "payload")
#: Restrictions, minimum and maximum prices stay JSON text: nothing here interprets them.
_COLUMNS = {
    "id": "VARCHAR",
    "country_code": "VARCHAR",
    "party_id": "VARCHAR",
    "currency": "VARCHAR",
    "type": "VARCHAR",
    "tax_included": "VARCHAR",
    "min_price": "VARCHAR",
    "max_price": "VARCHAR",
    "start_date_time": "VARCHAR",
    "end_date_time": "VARCHAR",
    "elements": """STRUCT(price_components STRUCT("type" VARCHAR, price VARCHAR, vat VARCHAR, step_size VARCHAR)[],
        restrictions VARCHAR)[]""",
    "last_updated": "VARCHAR",
}
_NAMES = (
    "country_code", "party_id", "tax_included", "min_price", "max_price", "start_date_time", "end_date_time",
    "price_components", "step_size", "last_updated",
)  # fmt: skip


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per tariff with the standard's names, whatever their case. Raises DecodeError."""

    def parts(thorough: bool) -> list[tuple[Path, dict[str, str]]]:
        pages = payloads(source, _ENVELOPES, ("elements", "currency"), thorough)
        return [(respelled(source, page.path, _NAMES), {"element_count": "len(elements)"}) for page in pages]

    return read(source, con, _COLUMNS, parts)
