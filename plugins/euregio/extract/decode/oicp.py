"""What OICP's two JSON formats share: where their records are, and the operator that stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from euregio.errors import DecodeError
from euregio.extract.decode.json_groups import groups
from euregio.extract.decode.json_records import payload, read, respelled, text_sql
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
    found = payload(source, (*_ENVELOPES, *outer, inner), ("EvseID", "EVSEID", "evseID", "evseId", inner))
    path = respelled(source, found.path, names)
    around = {key.lower(): value for key, value in found.around.items()}
    parts = [
        (group.path, {key.lower(): value for key, value in group.around.items()})
        for group in groups(source, path, inner)
    ]
    if not parts:
        parts = [(path, {})]
    elif len(parts) > 5000:
        raise DecodeError(
            "more operators than is plausible", where=source.name, found=len(parts), expected="at most 5000"
        )
    relations, careful = [], []
    for file, said in parts:
        own = {
            **also,
            "_operator_id": text_sql(said.get("operatorid", around.get("operatorid"))),
            "_operator_name": text_sql(said.get("operatorname", around.get("operatorname"))),
        }
        before = len(source.second_try)
        relations.append(read(source, con, file, columns, own))
        careful.extend(source.second_try[before:])
    source.second_try[:] = [lambda: _together([again() for again in careful])]
    return _together(relations)


def _together(relations: list[duckdb.DuckDBPyRelation]) -> duckdb.DuckDBPyRelation:
    """All relations one after another. Pairs of pairs: DuckDB's plans nest no deeper than the number's logarithm."""
    while len(relations) > 1:
        pairs = [relations[i : i + 2] for i in range(0, len(relations), 2)]
        relations = [pair[0].union(pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return relations[0]
