"""What OICP's two JSON formats share: where their records are, and the operator that stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from euregio.errors import DecodeError
from euregio.extract.decode.json_groups import groups
from euregio.extract.decode.json_pages import MAX_PAGES, payloads
from euregio.extract.decode.json_records import read, respelled, text_sql
from euregio.extract.decode.plain import Source

if TYPE_CHECKING:
    import duckdb

#: Pages, and the messages of the standard around their payload.
_ENVELOPES = (
    "content", "data", "items", "eRoamingEvseData", "eRoamingEvseStatus", "eRoamingEvseStatusById", "EvseStatusRecords",
)  # fmt: skip


def records(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    outer: Sequence[str],
    inner: str,
    columns: Mapping[str, str],
    also: Mapping[str, str],
) -> duckdb.DuckDBPyRelation:
    """One row per record: from groups of operators (`outer` holds lists of `inner`), pages (`content`) or a bare list.

    Keys are told apart without case (EvseID, EVSEID, evseId). `OperatorID` and `OperatorName` are the record's own,
    else its group's. Raises DecodeError.
    """
    names = (*columns, *outer, inner, "OperatorID", "OperatorName", "Power", "PowerType", "Voltage", "Amperage",
             "Google", "Coordinates", "DecimalDegree", "DegreeMinuteSeconds", "Latitude", "Longitude", "Country", "City",
             "Street", "PostalCode", "HouseNum", "lang", "value")  # fmt: skip

    def parts(thorough: bool) -> list[tuple[Path, dict[str, str]]]:
        found: list[tuple[Path, dict[str, Any]]] = []
        pages = payloads(
            source, (*_ENVELOPES, *outer, inner), ("EvseID", "EVSEID", "evseID", "evseId", inner), thorough
        )
        for page in pages:
            path = respelled(source, page.path, names)
            there = groups(source, path, inner)
            found += [(group.path, {**page.around, **group.around}) for group in there] or [(path, page.around)]
        if len(found) > MAX_PAGES:
            raise DecodeError(
                "more operators than is plausible", where=source.name, found=len(found), expected=f"at most {MAX_PAGES}"
            )
        return [(path, _said(around, also)) for path, around in found]

    return read(source, con, columns, parts)


def _said(around: Mapping[str, Any], also: Mapping[str, str]) -> dict[str, str]:
    """What stands around records, the nearest last, as SQL."""
    said = {key.lower(): value for key, value in around.items()}
    return {
        **also,
        "_operator_id": text_sql(said.get("operatorid")),
        "_operator_name": text_sql(said.get("operatorname")),
    }
