"""Turns GeoJSON geometries in Mercator metres into short SVG paths in whole units of a map's frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

#: Width of a frame in its own units: fine enough that whole numbers do not show.
WIDTH = 4000


@dataclass(frozen=True)
class Frame:
    """The stretch of Mercator metres (EPSG:3857) that a map shows; x to the east, y to the north."""

    x0_m: float
    y0_m: float
    x1_m: float
    y1_m: float

    @property
    def units_per_m(self) -> float:
        """Units of the frame for one Mercator metre."""
        return WIDTH / (self.x1_m - self.x0_m)

    @property
    def height(self) -> int:
        """Height of the frame in its units."""
        return round((self.y1_m - self.y0_m) * self.units_per_m)

    def units(self, x_m: float, y_m: float) -> tuple[int, int]:
        """A place in units, from the upper left corner."""
        return round((x_m - self.x0_m) * self.units_per_m), round((self.y1_m - y_m) * self.units_per_m)


def fitted(
    box: tuple[float, float, float, float], *, margin: float = 0.06, least: float = 0.7, most: float = 1.6
) -> Frame:
    """A frame around a box (x0, y0, x1, y1), with a margin (share of its larger side) on each side.

    The frame is widened until width over height lies between `least` and `most`, so that it suits a screen.
    """
    x0, y0, x1, y1 = box
    pad = margin * max(x1 - x0, y1 - y0, 1.0)
    width, height = x1 - x0 + 2 * pad, y1 - y0 + 2 * pad
    wide, high = max(width, height * least), max(height, width / most)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return Frame(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def path(geometry: dict[str, Any], frame: Frame) -> str:
    """The `d` of a path: areas closed, lines open; other geometries give nothing."""
    return "".join(_drawn(points, closed) for points, closed in _strokes(geometry, frame))


def _strokes(geometry: dict[str, Any], frame: Frame) -> Iterator[tuple[list[tuple[int, int]], bool]]:
    kind, places = geometry["type"], geometry.get("coordinates", [])
    if kind == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from _strokes(part, frame)
    elif kind in ("LineString", "MultiLineString"):
        for line in [places] if kind == "LineString" else places:
            yield _placed(line, frame), False
    elif kind in ("Polygon", "MultiPolygon"):
        for polygon in [places] if kind == "Polygon" else places:
            for ring in polygon:
                yield _placed(ring, frame), True


def _placed(line: Iterable[Any], frame: Frame) -> list[tuple[int, int]]:
    """Places of a line in units, without those that fall on the one before."""
    kept: list[tuple[int, int]] = []
    for place in line:
        unit = frame.units(place[0], place[1])
        if not kept or kept[-1] != unit:
            kept.append(unit)
    return kept


def _drawn(points: list[tuple[int, int]], closed: bool) -> str:
    if closed and len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    if len(points) < (3 if closed else 2):
        return ""
    steps = (_short(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))
    text = f"M{points[0][0]} {points[0][1]}l" + "l".join(steps)
    return text + ("z" if closed else "")


def _short(dx: int, dy: int) -> str:
    return f"{dx}{dy}" if dy < 0 else f"{dx} {dy}"
