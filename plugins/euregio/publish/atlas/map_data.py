"""Draws one region's map from the layer: its NUTS 3 regions, their neighbours, the border, and points as marks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from euregio.declarations.regions import Region
from euregio.publish.atlas.svg_path import WIDTH, Frame, fitted, path

SQL = Path(__file__).parent / "sql"
#: Details of a boundary that are smaller than this share of the map's width are left out.
_DETAIL = 1 / 2000
#: Sides whose polygons are no farther apart share a border: as in the indicators' prelude, in Mercator metres.
_GAP_M = 1500
#: Length of a map's longer side on most screens, CSS pixels.
_SHOWN_PX = 740


@dataclass(frozen=True)
class Shape:
    """A NUTS 3 region on the map; `side_id` is None for a neighbour of the border region. Counts are of points."""

    code: str
    name: str
    country: str
    side_id: str | None
    is_member: bool
    path: str
    numbers: dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """All marks of one side and power class, as places in the frame's units, and how many points they stand for."""

    side_id: str
    power: str
    places: tuple[tuple[int, int], ...]
    points_count: int


@dataclass(frozen=True)
class Label:
    """A name on the map: of a side, or of a neighbouring country; `reach` is how far land goes around it, in units."""

    name: str
    x: int
    y: int
    reach: int


@dataclass(frozen=True)
class Map:
    """One region's map. Paths are in units of the frame."""

    frame: Frame
    shapes: tuple[Shape, ...]
    countries: tuple[str, ...]
    borders: tuple[str, ...]
    sides: dict[str, Label]
    neighbours: tuple[Label, ...]
    marks: tuple[Mark, ...]
    numbers: dict[str, dict[str, Any]]


def prepare(con: duckdb.DuckDBPyConnection, region: Region) -> None:
    """Make the TEMP tables declared_member and map_polygon for the region. `con` has the layer as current database."""
    con.execute("CREATE OR REPLACE TEMP TABLE declared_member (side_id VARCHAR, nuts_code VARCHAR, is_member BOOLEAN)")
    con.executemany(
        "INSERT INTO declared_member VALUES (?, ?, ?)",
        [(side.id, code, code in side.nuts3) for side in region.sides for code in (*side.nuts3, *side.partial)],
    )
    con.execute(_sql("members"))


def draw(con: duckdb.DuckDBPyConnection, region: Region) -> Map | None:
    """The map of a region, or None where the layer has no polygon of any of its members."""
    prepare(con, region)
    numbers = {row["nuts_code"]: row for row in _dicts(con.execute(_sql("numbers")))}
    box = con.execute(
        """SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
           FROM (SELECT ST_Extent_Agg(geometry) AS box FROM map_polygon WHERE side_id IS NOT NULL)"""
    ).fetchone()
    if box is None or box[0] is None:
        return None
    frame = fitted((box[0], box[1], box[2], box[3]))
    bounds = {"frame_x0_m": frame.x0_m, "frame_y0_m": frame.y0_m, "frame_x1_m": frame.x1_m, "frame_y1_m": frame.y1_m}
    settings = {**bounds, "units_per_m": frame.units_per_m, "simplify_m": (frame.x1_m - frame.x0_m) * _DETAIL, "gap_m": _GAP_M,
                "units_per_px": max(WIDTH, frame.height) / _SHOWN_PX}  # fmt: skip
    for name, value in settings.items():
        con.execute(f"SET VARIABLE {name} = CAST(? AS DOUBLE)", [value])
    con.execute(_sql("shapes"))
    return Map(frame, _shapes(con, frame, numbers), _lines(con, frame, "map_country"), _lines(con, frame, "map_border"),
               _side_labels(con, frame, region), _neighbours(con, frame), _marks(con), numbers)  # fmt: skip


def _shapes(con: duckdb.DuckDBPyConnection, frame: Frame, numbers: dict[str, dict[str, Any]]) -> tuple[Shape, ...]:
    # Neighbours are cut at the frame, north-west first, so that the keyboard goes over the map as eyes do.
    rows = con.execute(
        """SELECT nuts_code, coalesce(region_name, nuts_code), country_code, side_id, is_member,
                  ST_AsGeoJSON(CASE WHEN side_id IS NULL THEN ST_Intersection(map_shape.geometry, map_frame.geometry) ELSE map_shape.geometry END)
           FROM map_shape, map_frame
           ORDER BY side_id IS NULL, side_id, round(ST_YMax(map_shape.geometry) / 30000) DESC, ST_XMin(map_shape.geometry), nuts_code"""
    ).fetchall()
    drawn = [Shape(code, name, country, side, member, path(json.loads(geometry), frame), numbers.get(code, {}))
             for code, name, country, side, member, geometry in rows if geometry]  # fmt: skip
    return tuple(shape for shape in drawn if shape.path)


def _lines(con: duckdb.DuckDBPyConnection, frame: Frame, table: str) -> tuple[str, ...]:
    edge = "ST_Boundary(drawn.geometry)" if table == "map_country" else "drawn.geometry"
    rows = con.execute(
        f"SELECT ST_AsGeoJSON(ST_Intersection({edge}, map_frame.geometry)) FROM {table} AS drawn, map_frame ORDER BY 1"
    ).fetchall()
    return tuple(line for (geometry,) in rows if geometry and (line := path(json.loads(geometry), frame)))


def _side_labels(con: duckdb.DuckDBPyConnection, frame: Frame, region: Region) -> dict[str, Label]:
    rows = con.execute(
        """SELECT side_id, ST_X(circle.center), ST_Y(circle.center), circle.radius
           FROM (SELECT side_id, ST_MaximumInscribedCircle(geometry) AS circle FROM map_side) ORDER BY side_id"""
    ).fetchall()
    return {side: _label(region.side(side).name(), x, y, reach, frame) for side, x, y, reach in rows}


def _neighbours(con: duckdb.DuckDBPyConnection, frame: Frame) -> tuple[Label, ...]:
    """Names of countries in the frame, where land outside the border region gives them room."""
    rows = con.execute(
        """WITH land AS (
               SELECT country_code, ST_Intersection(ST_Union_Agg(map_shape.geometry), any_value(map_frame.geometry)) AS geometry
               FROM map_shape, map_frame WHERE side_id IS NULL GROUP BY ALL
           ),
           named AS (
               SELECT country_code, any_value(region_name) AS country_name FROM core.current_nuts_region WHERE nuts_level = 0 GROUP BY ALL
           )
           SELECT coalesce(country_name, country_code), ST_X(circle.center), ST_Y(circle.center), circle.radius
           FROM (SELECT country_code, ST_MaximumInscribedCircle(geometry) AS circle FROM land WHERE NOT ST_IsEmpty(geometry))
           LEFT JOIN named USING (country_code) ORDER BY 1"""
    ).fetchall()
    return tuple(_label(name, x, y, reach, frame) for name, x, y, reach in rows)


def _label(name: str, x_m: float, y_m: float, reach_m: float, frame: Frame) -> Label:
    x, y = frame.units(x_m, y_m)
    return Label(name, x, y, round(reach_m * frame.units_per_m))


def _marks(con: duckdb.DuckDBPyConnection) -> tuple[Mark, ...]:
    places: dict[tuple[str, str], list[tuple[int, int]]] = {}
    counts: dict[tuple[str, str], int] = {}
    for side, power, x, y, count in con.execute(_sql("marks")).fetchall():
        places.setdefault((side, power), []).append((x, y))
        counts[side, power] = counts.get((side, power), 0) + count
    return tuple(Mark(side, power, tuple(found), counts[side, power]) for (side, power), found in places.items())


def _sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def _dicts(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
