"""GISCO NUTS regions (RG) as GeoJSON: every version, scale and projection, all levels in one file or one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from euregio.extract.decode.json_pages import payloads
from euregio.extract.decode.json_records import read
from euregio.extract.decode.json_text import utf8_file
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

FORMAT = Format(
    "gisco-nuts", "GISCO NUTS regions (GeoJSON, 2003 to 2024)", "nuts_region", "a region as a GeoJSON feature"
)

#: Property of the newest version, and its names in older ones.
_PROPERTIES = {
    "NUTS_ID": ("NUTS_ID", "nuts_id", "NUTS_CODE", "FID", "id"),
    "LEVL_CODE": ("LEVL_CODE", "levl_code", "STAT_LEVL_", "STAT_LEVL", "stat_levl_"),
    "CNTR_CODE": ("CNTR_CODE", "cntr_code", "CNTR_ID"),
    "NAME_LATN": ("NAME_LATN", "name_latn"),
    "NUTS_NAME": ("NUTS_NAME", "nuts_name", "na"),
    "MOUNT_TYPE": ("MOUNT_TYPE", "mount_type"),
    "URBN_TYPE": ("URBN_TYPE", "urbn_type"),
    "COAST_TYPE": ("COAST_TYPE", "coast_type"),
}
_EDGE = 256 * 1024
_CRS = re.compile(r'"crs"\s*:\s*(?=[{"])')


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per feature: properties as text, `geometry` as GeoJSON text in the file's own coordinates, and `crs`, the
    file's coordinate reference system as it names it (null where it names none: RFC 7946, longitude and latitude).

    Raises DecodeError where the file is no GeoJSON with features.
    """
    crs = _crs_of(source)
    features = read(
        source, con, {"type": "VARCHAR", "id": "VARCHAR", "properties": "JSON", "geometry": "JSON"},
        lambda thorough: [
            (page.path, {}) for page in payloads(source, ("features",), ("geometry", "properties"), thorough)
        ],
    )  # fmt: skip
    again = source.second_try.pop()
    source.second_try.append(lambda: _named(again(), crs))
    return _named(features, crs)


def _named(features: duckdb.DuckDBPyRelation, crs: str | None) -> duckdb.DuckDBPyRelation:
    columns = ", ".join(
        "coalesce("
        + ", ".join(f"properties->>'$.\"{name}\"'" for name in names)
        + f"{', id' if column == 'NUTS_ID' else ''}) AS {column}"
        for column, names in _PROPERTIES.items()
    )
    said = "NULL" if crs is None else "'" + crs.replace("'", "''") + "'"
    return features.project(f"{columns}, CAST(geometry AS VARCHAR) AS geometry, CAST({said} AS VARCHAR) AS crs")


def _crs_of(source: Source) -> str | None:
    """The name in the file's `crs` member (GeoJSON of 2008), which stands before or after the features."""
    path = utf8_file(source)
    with path.open("rb") as file:
        head = file.read(_EDGE)
        file.seek(max(0, path.stat().st_size - _EDGE))
        tail = file.read()
    for text in (head.decode("utf-8", "replace"), tail.decode("utf-8", "replace")):
        for found in _CRS.finditer(text):
            try:
                member, _ = json.JSONDecoder().raw_decode(text, found.end())
            except (ValueError, RecursionError):
                continue
            if isinstance(member, str):
                return member
            properties = member.get("properties")
            if isinstance(properties, dict):
                name = properties.get("name") or properties.get("code")
                return None if name is None else str(name)
    return None
