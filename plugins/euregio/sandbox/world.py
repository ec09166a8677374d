"""The sandbox's map: invented polygons for the NUTS regions of three border regions, borders identical on both sides.

A border region is tiled with hexagons whose corners are shifted a little; every hexagon belongs to the region whose
seeds claim it most (a power diagram, weights fitted until the areas are about right). Because three hexagons meet
at a corner and never two at a point, dissolving them gives clean rings, and neighbours share every vertex.
Nothing here is copied: `regions.csv` holds codes, names, rounded areas and inhabitants, and rough positions.
"""

from __future__ import annotations

import csv
import functools
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HERE = Path(__file__).parent
_KM_PER_DEG = 111.195
#: Area of one hexagon, km2, by border region.
_HEX_KM2 = {"emr": 2.5, "rhine": 2.5, "pyrenees": 9.0}
_SHAPE_SEED = 20240101  # the map is the same for every seed of the points


@dataclass(frozen=True)
class Region:
    """A NUTS-3 region: `population` inhabitants, `towns` as (name, lon, lat, thousand inhabitants)."""

    cluster: str
    code: str
    area_km2: float
    population: int
    name: str
    mount_type: int | None
    urbn_type: int | None
    coast_type: int | None
    seeds: tuple[tuple[float, float], ...]
    towns: tuple[tuple[str, float, float, float], ...]

    @property
    def country(self) -> str:
        return self.code[:2]


@dataclass(frozen=True)
class Cluster:
    """One border region's hexagons.

    `centre` (n, 2) lon, lat in degrees; `corners` (n, 6, 2); `region` (n,) index into `codes`; `corner_id` (n, 6);
    `border_km` (n,) distance to the nearest hexagon of another country, km; `other` (n,) that country.
    """

    name: str
    codes: tuple[str, ...]
    centre: np.ndarray
    corners: np.ndarray
    corner_id: np.ndarray
    region: np.ndarray
    border_km: np.ndarray
    other: np.ndarray
    km_per_lon: float


@functools.cache
def regions() -> dict[str, Region]:
    """The NUTS-3 regions by code, in the order of the file."""
    with (_HERE / "regions.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: _region(row) for row in csv.DictReader(file, delimiter=";")}


@functools.cache
def parents() -> dict[str, str]:
    """Names of the regions of level 0 to 2 by code."""
    with (_HERE / "parents.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file, delimiter=";")}


@functools.cache
def clusters() -> tuple[Cluster, ...]:
    """The tiled border regions."""
    return tuple(_cluster(name) for name in dict.fromkeys(region.cluster for region in regions().values()))


@functools.cache
def polygons(level: int) -> dict[str, list[list[list[tuple[float, float]]]]]:
    """Multipolygons (GeoJSON nesting, degrees, 6 decimals) of every region of a NUTS level, by code."""
    found: dict[str, list] = {}
    for cluster in clusters():
        labels = np.array([cluster.codes[i][: level + 2] for i in cluster.region])
        for code in dict.fromkeys(labels):
            found.setdefault(str(code), []).extend(_dissolve(cluster, labels == code))
    return dict(sorted(found.items()))


def _region(row: dict[str, str]) -> Region:
    def number(text: str) -> int | None:
        return int(text) if text else None

    towns = [town.rsplit(" ", 3) for town in row["towns"].split("|")]
    return Region(
        row["cluster"], row["code"], float(row["area_km2"]), int(row["population"]), row["name"],
        number(row["mount_type"]), number(row["urbn_type"]), number(row["coast_type"]),
        tuple((float(x), float(y)) for x, y in (seed.split() for seed in row["seeds"].split("|"))),
        tuple((name, float(x), float(y), float(size)) for name, x, y, size in towns),
    )  # fmt: skip


def _cluster(name: str) -> Cluster:
    members = [region for region in regions().values() if region.cluster == name]
    all_seeds = np.array([seed for region in members for seed in region.seeds])
    middle_lat = float(np.round(all_seeds[:, 1].mean(), 1))
    km_per_lon = _KM_PER_DEG * math.cos(math.radians(middle_lat))
    scale = np.array([km_per_lon, _KM_PER_DEG])
    origin = all_seeds.min(axis=0) * scale - 45

    side = math.sqrt(2 * _HEX_KM2[name] / (3 * math.sqrt(3)))  # of a hexagon, km
    width, height = (all_seeds.max(axis=0) * scale - origin) + 45
    rows, cols = int(height / (1.5 * side)), int(width / (math.sqrt(3) * side))
    row, col = (grid.ravel() for grid in np.mgrid[0:rows, 0:cols])
    x, y = math.sqrt(3) * side * (col + 0.5 * (row % 2)), 1.5 * side * row

    # Corners as whole numbers (x in half widths, y in half sides), so that neighbours name a corner alike.
    corner_x = 2 * col + row % 2 + np.array([[0], [1], [1], [0], [-1], [-1]])
    corner_y = 3 * row + np.array([[2], [1], [-1], [-2], [-1], [1]])
    corner_id = ((corner_y + 8) * 100_000 + corner_x + 8).T
    shift = _noise(corner_id, side * 0.27)
    corners = np.stack([corner_x.T * side * math.sqrt(3) / 2, corner_y.T * side / 2], axis=-1) + shift

    centre = np.stack([x, y], axis=-1)
    warped = centre + _waves(centre)
    region = _claim(warped, members, scale, origin, _HEX_KM2[name])
    region = _without_crumbs(region, rows, cols)
    land = region >= 0
    country = np.array([members[i].country if i >= 0 else "" for i in region])
    border_km, other = _to_other_country(centre[land], country[land])
    return Cluster(
        name, tuple(member.code for member in members),
        (centre[land] + origin) / scale, np.round((corners[land] + origin) / scale, 6), corner_id[land],
        region[land], border_km, other, km_per_lon,
    )  # fmt: skip


def _noise(ids: np.ndarray, size_km: float) -> np.ndarray:
    """A shift for each corner that depends on nothing but its id."""
    unique, where = np.unique(ids, return_inverse=True)
    shifts = np.random.default_rng(_SHAPE_SEED).uniform(-size_km, size_km, (len(unique), 2))
    return shifts[where.reshape(ids.shape)]


def _waves(at: np.ndarray) -> np.ndarray:
    """A smooth displacement of some km, so that borders meander."""
    rng = np.random.default_rng(_SHAPE_SEED + 1)
    moved = np.zeros_like(at)
    for length, size in ((60.0, 3.5), (27.0, 2.2), (12.0, 1.4), (6.0, 0.8)):
        for _ in range(3):
            angle, phase, heading = rng.uniform(0, 2 * math.pi, 3)
            wave = np.sin((at @ [math.cos(angle), math.sin(angle)]) * 2 * math.pi / length + phase) * size
            moved += np.stack([wave * math.cos(heading), wave * math.sin(heading)], axis=-1) / 1.7
    return moved


def _claim(at: np.ndarray, members: list[Region], scale: np.ndarray, origin: np.ndarray, hex_km2: float) -> np.ndarray:
    """Index of the region that claims each place, -1 for none; weights fitted to the regions' areas."""
    owner = np.concatenate([[i] * len(member.seeds) for i, member in enumerate(members)])
    seeds = np.array([seed for member in members for seed in member.seeds]) * scale - origin
    target = np.array([member.area_km2 for member in members])
    radius2 = (target / np.array([len(member.seeds) for member in members]) / math.pi)[owner]
    distance2 = ((at[:, None, :] - seeds[None, :, :]) ** 2).sum(axis=2)
    weight = radius2.copy()
    region = np.full(len(at), -1)
    for _ in range(16):
        score = distance2 - weight
        best = score.argmin(axis=1)
        region = np.where(score[np.arange(len(at)), best] <= 0.35 * radius2[best] + 12, owner[best], -1)
        area = np.bincount(region[region >= 0], minlength=len(members)) * hex_km2
        weight += 0.25 * radius2 * np.clip((target - area) / target, -1, 1)[owner]
    return region


def _neighbours(rows: int, cols: int) -> list[np.ndarray]:
    """For each of six directions the index of every hexagon's neighbour, -1 outside."""
    row, col = (grid.ravel() for grid in np.mgrid[0:rows, 0:cols])
    odd = row % 2
    found = []
    for dr, dc in ((0, 1), (0, -1), (1, odd), (1, odd - 1), (-1, odd), (-1, odd - 1)):
        r, c = row + dr, col + dc
        inside = (r >= 0) & (r < rows) & (c >= 0) & (c < cols)
        found.append(np.where(inside, r * cols + c, -1))
    return found


def _without_crumbs(region: np.ndarray, rows: int, cols: int, least: int = 5) -> np.ndarray:
    """Parts of fewer than `least` hexagons go to a neighbour, and so do holes that belong to nobody."""
    around = np.stack(_neighbours(rows, cols), axis=1)
    region = region.copy()
    seen = np.zeros(len(region), dtype=bool)
    for start in range(len(region)):
        if seen[start]:
            continue
        part, edge, queue, touches_rim = [], [], [start], False
        seen[start] = True
        while queue:
            at = queue.pop()
            part.append(at)
            for near in around[at]:
                if near < 0:
                    touches_rim = True
                elif region[near] != region[start]:
                    edge.append(int(region[near]))
                elif not seen[near]:
                    seen[near] = True
                    queue.append(int(near))
        lost = len(part) < least if region[start] >= 0 else not touches_rim
        if lost and edge:
            region[part] = max(set(edge), key=lambda code: (edge.count(code), code))
    return region


def _to_other_country(centre: np.ndarray, country: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance (km) from each hexagon to the nearest one of another country, and that country."""
    distance, other = np.full(len(centre), np.inf), np.full(len(centre), "", dtype="<U2")
    for name in np.unique(country):
        there = centre[country == name]
        for at in np.array_split(np.flatnonzero(country != name), max(1, len(centre) // 500)):
            if len(at):
                here = centre[at]
                squares = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1)[None] - 2 * here @ there.T
                near = np.sqrt(np.maximum(squares.min(axis=1), 0))
                closer = near < distance[at]
                distance[at[closer]], other[at[closer]] = near[closer], name
    return distance, other


def _dissolve(cluster: Cluster, chosen: np.ndarray) -> list[list[list[tuple[float, float]]]]:
    """The polygons of the chosen hexagons: outer rings against the clock, holes with it (RFC 7946)."""
    ids, points = cluster.corner_id[chosen], cluster.corners[chosen]
    place = dict(zip(ids.ravel().tolist(), map(tuple, points.reshape(-1, 2).tolist()), strict=True))
    # Corners run with the clock, so the outline is walked from the second corner of an edge to the first.
    edges = set(zip(np.roll(ids, -1, axis=1).ravel().tolist(), ids.ravel().tolist(), strict=True))
    following = {a: b for a, b in edges if (b, a) not in edges}
    rings = []
    while following:
        start = min(following)
        ring, at = [start], following.pop(start)
        while at != start:
            ring.append(at)
            at = following.pop(at)
        rings.append([place[i] for i in [*ring, start]])
    outer = [[ring] for ring in rings if _signed_area(ring) > 0]
    for hole in (ring for ring in rings if _signed_area(ring) < 0):
        next(polygon for polygon in outer if _holds(polygon[0], hole[0])).append(hole)
    return sorted(outer, key=lambda polygon: -_signed_area(polygon[0]))


def _signed_area(ring: list[tuple[float, float]]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring)) / 2


def _holds(ring: list[tuple[float, float]], point: tuple[float, float]) -> bool:
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
