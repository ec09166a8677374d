"""The reference datasets: NUTS regions as GISCO writes them, population and vehicle stock as Eurostat's SDMX-CSV."""

from __future__ import annotations

import json
from pathlib import Path

from euregio.sandbox import world

#: Dataset id, content type and writer of each.
REFERENCE = ("eu.spatial__gisco_nuts", "eu.spatial__eurostat_population", "eu.charging__eurostat_vehicles")
CONTENT_TYPES = {REFERENCE[0]: "application/geo+json", REFERENCE[1]: "text/csv", REFERENCE[2]: "text/csv"}

#: Battery electric and plug-in hybrid cars per 1 000 inhabitants, by country, invented.
_CARS = {"BE": (27, 36), "CH": (24, 11), "DE": (21, 12), "ES": (5, 6), "FR": (18, 10), "NL": (32, 18)}
#: Electric vans per electric car, invented.
_VANS = 0.09
_UPDATED = "01/10/26 11:00:00"


def write_reference(work: Path) -> dict[str, int]:
    """Write the three files into `work` under their dataset ids; returns the number of records of each."""
    features = [
        _feature(code, level, polygons)
        for level in (3, 2, 1, 0)
        for code, polygons in world.polygons(level).items()
    ]  # fmt: skip
    collection = {
        "type": "FeatureCollection", "name": "NUTS_RG_SANDBOX_2024_4326.geojson",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}, "features": features,
    }  # fmt: skip
    (work / REFERENCE[0]).write_text(
        json.dumps(collection, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    population = [
        f"ESTAT:DEMO_R_PJANAGGR3(1.0),{_UPDATED},A,NR,T,TOTAL,{code},{year},{people},{flag},"
        for code, by_year in sorted(inhabitants().items()) for year, (people, flag) in by_year.items()
    ]  # fmt: skip
    _csv(
        work / REFERENCE[1],
        "DATAFLOW,LAST UPDATE,freq,unit,sex,age,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS",
        population,
    )
    vehicles = [
        f"ESTAT:TRAN_R_ELVEHST(1.0),{_UPDATED},A,{vehicle},{engine},NR,{code},{year},{count},,"
        for code, year, vehicle, engine, count in fleet()
    ]
    _csv(
        work / REFERENCE[2],
        "DATAFLOW,LAST UPDATE,freq,vehicle,mot_nrg,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS",
        vehicles,
    )
    return dict(zip(REFERENCE, (len(features), len(population), len(vehicles)), strict=True))


def inhabitants() -> dict[str, dict[int, tuple[int, str]]]:
    """Inhabitants on 1 January by region (levels 0 to 3) and year, with the publisher's flag (p: provisional)."""
    found: dict[str, dict[int, tuple[int, str]]] = {}
    for code, region in world.regions().items():
        for year in (2024, 2025):
            people = region.population + (year - 2024) * (region.population // 250)
            for level in range(4):
                part = found.setdefault(code[: level + 2], {})
                part[year] = (part.get(year, (0, ""))[0] + people, "p" if year == 2025 else "")
    return found


def fleet() -> list[tuple[str, int, str, str, int]]:
    """Vehicles in stock on 31 December: (country or region of level 3, year, vehicle, motor energy, vehicles)."""
    rows = []
    for code, by_year in sorted(inhabitants().items()):
        if len(code) not in (2, 5):
            continue
        battery, plug_in = _CARS[code[:2]]
        for year in (2023, 2024):
            thousand = by_year[2025][0] / 1000
            growth = 1.0 if year == 2024 else 0.8
            for vehicle, share in (("CAR", 1.0), ("VG_LE3P5", _VANS)):
                stock = {"ELC": battery, "ELC_PET_PI": plug_in * 0.85, "ELC_DIE_PI": plug_in * 0.15}
                rows += [
                    (code, year, vehicle, key, int(thousand * value * share * growth)) for key, value in stock.items()
                ]
                rows += [(code, year, vehicle, "PET", int(thousand * 270 * share))]
    return rows


def _feature(code: str, level: int, polygons: list) -> dict:
    region = world.regions().get(code)
    name = region.name if region else world.parents()[code]
    shape = (
        {"type": "Polygon", "coordinates": polygons[0]}
        if len(polygons) == 1
        else {"type": "MultiPolygon", "coordinates": polygons}
    )
    return {
        "type": "Feature",
        "properties": {
            "NUTS_ID": code, "LEVL_CODE": level, "CNTR_CODE": code[:2], "NAME_LATN": name, "NUTS_NAME": name,
            "MOUNT_TYPE": region and region.mount_type, "URBN_TYPE": region and region.urbn_type,
            "COAST_TYPE": region and region.coast_type,
        },
        "geometry": shape,
    }  # fmt: skip


def _csv(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
