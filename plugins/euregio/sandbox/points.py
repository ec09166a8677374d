"""Stations and their points, drawn region by region: numpy draws the numbers, DuckDB writes the words, chunk by chunk.

Every chunk has its own random stream (seed, country, chunk), so that the same seed gives the same bytes however many
points are made. A place is drawn inside a hexagon of the map, so its true NUTS-3 region is known without looking it up.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from euregio.sandbox import world
from euregio.sandbox.profiles import KINDS, PROFILES, Profile

if TYPE_CHECKING:
    import duckdb

#: Points of one chunk, at most.
CHUNK = 50_000


def chunk_sizes(size: int, profile: Profile) -> list[int]:
    """How many points each chunk of a country holds, for `size` points over all countries."""
    shares = np.cumsum([0, *(p.share for p in PROFILES)])
    bounds = np.round(shares / shares[-1] * size).astype(int)
    number = PROFILES.index(profile)
    points = int(bounds[number + 1] - bounds[number])
    return [min(CHUNK, points - start) for start in range(0, points, CHUNK)]


@functools.cache
def _land(country: str) -> dict[str, np.ndarray]:
    """The country's hexagons over all border regions, with the weight of each for slow and fast stations."""
    profile = next(p for p in PROFILES if p.country == country)
    codes = list(world.regions())
    parts: dict[str, list[np.ndarray]] = {}
    for cluster in world.clusters():
        code = np.array(cluster.codes)[cluster.region]
        here = np.char.startswith(code, country)
        if not here.any():
            continue
        region = np.array([codes.index(c) for c in code[here]])
        slow, fast, town = _weights(cluster, code[here], cluster.centre[here], profile)
        for key, value in {
            "centre": cluster.centre[here], "corners": cluster.corners[here], "region": region, "town": town,
            "slow": slow, "fast": fast, "border_km": cluster.border_km[here], "other": cluster.other[here],
        }.items():  # fmt: skip
            parts.setdefault(key, []).append(value)
    return {key: np.concatenate(value) for key, value in parts.items()}


def _weights(
    cluster: world.Cluster, code: np.ndarray, centre: np.ndarray, profile: Profile
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of hexagons for slow and for fast stations (towns; motorways between towns), and the nearest own town."""
    scale = np.array([cluster.km_per_lon, 111.195])
    slow, fast, town = np.zeros(len(code)), np.zeros(len(code)), np.zeros(len(code), dtype=int)
    mains = [world.regions()[c].towns[0] for c in cluster.codes]
    stops = np.array(sorted((x, y) for _, x, y, size in mains if size >= 20)) * scale
    for name in np.unique(code):
        region, here = world.regions()[str(name)], code == name
        at = centre[here] * scale
        places = np.array([(x, y) for _, x, y, _ in region.towns]) * scale
        people = np.array([size for *_, size in region.towns])
        distance = np.sqrt(((at[:, None] - places[None]) ** 2).sum(axis=2))
        town[here] = distance.argmin(axis=1)
        dense = (people / people.sum() * np.exp(-((distance / (1.5 + people**0.33 / 1.6)) ** 2))).sum(axis=1)
        dense = dense / max(dense.sum(), 1e-12) * (1 - profile.rural) + profile.rural / here.sum()
        slow[here] = dense * region.population**0.95
        near_road = np.exp(-((_to_lines(at, stops[:-1], stops[1:]) / 2.0) ** 2))
        fast[here] = (0.45 * dense + 0.55 * near_road / here.sum() * 6) * region.population**0.8
    return slow, fast, town


def _to_lines(at: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance from each place to the nearest of the lines, in the unit of the places."""
    along = end - start
    length2 = np.maximum((along**2).sum(axis=1), 1e-9)
    share = np.clip(((at[:, None] - start[None]) * along[None]).sum(axis=2) / length2[None], 0, 1)
    foot = start[None] + share[..., None] * along[None]
    return np.sqrt(((at[:, None] - foot) ** 2).sum(axis=2).min(axis=1))


def stations(seed: int, profile: Profile, chunk: int, points: int) -> dict[str, np.ndarray]:
    """Columns of one chunk's stations, whose `n_points` add up to exactly `points`."""
    number = PROFILES.index(profile)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number, chunk])))
    land = _land(profile.country)
    kind = rng.choice(len(KINDS), size=points, p=np.array(profile.mix) / sum(profile.mix))
    n_points = np.zeros(points, dtype=int)
    for i, k in enumerate(KINDS):
        counts, chances = zip(*k.points, strict=True)
        n_points[kind == i] = rng.choice(counts, size=int((kind == i).sum()), p=chances)
    total = np.cumsum(n_points)
    last = int(np.searchsorted(total, points))
    n_points = n_points[: last + 1]
    n_points[last] -= int(total[last]) - points
    kind, n = kind[: last + 1], last + 1

    fast = kind >= 3
    cell = np.where(fast, _draw(rng, land["fast"], n), _draw(rng, land["slow"], n))
    # Inside the hexagon: a corner triangle, and a place in it, a little away from the edge.
    corner, u, v = rng.integers(0, 6, n), rng.random(n), rng.random(n)
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    centre, corners = land["centre"][cell], land["corners"][cell]
    rows = np.arange(n)
    a, b = corners[rows, corner] - centre, corners[rows, (corner + 1) % 6] - centre
    place = np.round(centre + 0.97 * (u[:, None] * a + v[:, None] * b), 6)

    weights = np.array([weight for *_, weight in profile.operators])
    return {
        "station_no": np.arange(n) + chunk * CHUNK + 1, "n_points": n_points, "kind": kind,
        "longitude": place[:, 0], "latitude": place[:, 1], "region": land["region"][cell], "town": land["town"][cell],
        "operator": rng.choice(len(weights), size=n, p=weights / weights.sum()),
        "street": rng.integers(0, len(profile.streets), n), "house_no": rng.integers(1, 140, n),
        "commissioned": rng.integers(0, 365 * 8, n), "updated_s": rng.integers(0, 86_400 * 40, n),
        "open_247": rng.random(n) < 0.82, "restricted": rng.random(n) < 0.08, "cable": rng.random(n) < 0.25,
        "border_km": land["border_km"][cell], "other": land["other"][cell],
        "luck": rng.random(n), "luck_2": rng.random(n), "luck_3": rng.random(n),
    }  # fmt: skip


def _draw(rng: np.random.Generator, weight: np.ndarray, n: int) -> np.ndarray:
    upto = np.cumsum(weight)
    return np.minimum(np.searchsorted(upto, rng.random(n) * upto[-1]), len(weight) - 1)


def word_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The small tables that POINTS_SQL joins: kinds, operators, streets, regions and towns."""
    import pyarrow as pa

    con.register("kinds", pa.table({
        "kind": range(len(KINDS)), "kind_name": [k.name for k in KINDS], "power_kw": [float(k.power_kw) for k in KINDS],
        "exact_kw": [k.exact_kw for k in KINDS], "volts": [k.volts for k in KINDS], "amps": [k.amps for k in KINDS],
        "phases": [k.phases for k in KINDS], "connectors": [list(k.connectors) for k in KINDS],
    }))  # fmt: skip
    operators = [
        (p.country, i, name, p.country + letters) for p in PROFILES for i, (name, letters, _) in enumerate(p.operators)
    ]
    streets = [(p.country, i, name) for p in PROFILES for i, name in enumerate(p.streets)]
    towns = [
        (number, i, region.code, region.name, name)
        for number, region in enumerate(world.regions().values())
        for i, (name, *_) in enumerate(region.towns)
    ]
    for table, columns, rows in (
        ("operators", ("country", "operator", "operator_name", "operator_id"), operators),
        ("streets", ("country", "street", "street_name"), streets),
        ("towns", ("region", "town", "nuts3", "region_name", "city"), towns),
    ):
        con.register(table, pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))))


#: One row per point of the view `drawn` (the arrays of `stations`), with what a publisher may say of it, before defects.
POINTS_SQL = """
SELECT
    country, station_no, unnest(range(1, n_points + 1)) AS point_no, n_points,
    format('{}-{:07d}', country, station_no) AS station_key,
    city || ', ' || street_name AS station_name, street_name AS street, house_no::VARCHAR AS house_no,
    CASE country
        WHEN 'NL' THEN format('{:04d} {}', 5900 + region * 13 + town * 40 + house_no % 13, ['AB', 'CD', 'EK', 'GX'][station_no % 4 + 1])
        WHEN 'BE' THEN format('{:04d}', 3500 + region * 60 + town * 10)
        WHEN 'CH' THEN format('{:04d}', 4000 + region * 12 + town * 10)
        WHEN 'ES' THEN format('{:05d}', 17000 + region * 90 + town * 10)
        WHEN 'FR' THEN format('{:05d}', 64000 + region * 90 + town * 10)
        ELSE format('{:05d}', 50001 + region * 120 + town * 10) END AS postal_code,
    city, nuts3, region_name, operator_name, operator_id,
    left(operator_id, 2) || '*' || substr(operator_id, 3) || '*E' || format('{:07d}', station_no) || '*' || point_no AS evse_id,
    kind_name, CASE WHEN $exact_power THEN exact_kw ELSE power_kw END AS power_kw, volts, amps, phases, connectors,
    cable OR phases = 0 AS cable,
    DATE '2018-01-01' + commissioned::INTEGER AS commissioned_on,
    TIMESTAMP '2026-10-10 00:00:00' + to_seconds(updated_s) AS updated_at,
    open_247, restricted, longitude, latitude, longitude AS true_longitude, latitude AS true_latitude,
    border_km, other, luck, luck_2, luck_3
FROM (SELECT $country AS country, * FROM drawn)
JOIN kinds USING (kind) JOIN operators USING (country, operator) JOIN streets USING (country, street)
JOIN towns USING (region, town)
ORDER BY station_no, point_no
"""
