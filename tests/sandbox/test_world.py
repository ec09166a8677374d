"""The map: clean polygons, borders shared, areas and places about right."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from euregio.sandbox import world
from euregio.sandbox.defects import ABROAD


def edges_of(code: str, level: int) -> list[tuple]:
    rings = [ring for polygon in world.polygons(level)[code] for ring in polygon]
    return [edge for ring in rings for edge in itertools.pairwise(ring)]


def test_every_region_has_a_polygon_on_every_level() -> None:
    for level in range(4):
        codes = {code[: level + 2] for code in world.regions()}
        assert set(world.polygons(level)) == codes
    assert set(world.parents()) == {code[:n] for code in world.regions() for n in (2, 3, 4)}


def test_rings_are_closed_and_turn_as_geojson_wants() -> None:
    for polygons in world.polygons(3).values():
        for outer, *holes in polygons:
            assert outer[0] == outer[-1]
            assert world._signed_area(outer) > 0
            assert all(world._signed_area(hole) < 0 for hole in holes)


def test_neighbours_share_every_vertex_of_their_border() -> None:
    directed = Counter(edge for code in world.regions() for edge in edges_of(code, 3))
    assert max(directed.values()) == 1
    inner = [edge for edge in directed if edge[::-1] in directed]
    assert len(inner) > 5000
    # An edge that no region shares lies on the rim of the map, and so on the rim of a country.
    rim = {edge for edge in directed if edge[::-1] not in directed}
    assert rim <= {edge for code in {c[:2] for c in world.regions()} for edge in edges_of(code, 0)}


def test_areas_are_within_a_third_of_the_named_ones() -> None:
    for code, region in world.regions().items():
        if region.area_km2 < 50:
            continue
        square_degrees = sum(world._signed_area(ring) for polygon in world.polygons(3)[code] for ring in polygon)
        middle = np.mean([lat for _, lat in region.seeds])
        km2 = square_degrees * 111.195**2 * np.cos(np.radians(middle))
        assert km2 == pytest.approx(region.area_km2, rel=0.33), code


def test_no_polygon_crosses_itself_or_another() -> None:
    shapely = pytest.importorskip("shapely")
    shapes = {
        code: shapely.geometry.shape({"type": "MultiPolygon", "coordinates": polygons})
        for code, polygons in world.polygons(3).items()
    }
    assert all(shape.is_valid for shape in shapes.values())
    for a, b in itertools.combinations(shapes.values(), 2):
        assert a.intersection(b).area < 1e-12


def test_a_place_abroad_is_far_from_the_own_country() -> None:
    shapely = pytest.importorskip("shapely")
    countries = {
        code: shapely.geometry.shape({"type": "MultiPolygon", "coordinates": polygons})
        for code, polygons in world.polygons(0).items()
    }
    for own, (lon, lat) in ABROAD.items():
        place = shapely.Point(lon, lat)
        assert any(shape.contains(place) for code, shape in countries.items() if code != own)
        assert countries[own].distance(place) > 0.06  # degrees: more than the frame's tolerance and the scatter
