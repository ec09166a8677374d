"""Upkeep of a zone: what a release stands on stays, what nothing needs goes after its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from euregio.storage.zones import Zone, Zones
from euregio.upkeep.zones import sweep_zone

AT = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def batch(zone: Zone, name: str, file: str, age: timedelta) -> str:
    folder = f"batches/2026-11-01/{name}"
    told = {"batch_id": name, "files": [file], "retrieved_at": (AT - age).isoformat()}
    zone.write_bytes(f"{folder}/batch.json", json.dumps(told).encode())
    zone.write_bytes(f"{folder}/rows-recharging_point.parquet", b"rows")
    return folder


def landed(zone: Zone, sign: str, age: timedelta) -> str:
    sha256 = sign * 64
    zone.write_bytes(f"landing/{sha256}", b"bytes")
    zone.write_bytes(f"landing/{sha256}.json", json.dumps({"fetched_at": (AT - age).isoformat()}).encode())
    return sha256


def test_what_a_release_stands_on_stays_and_the_rest_goes_after_its_time(tmp_path: Path) -> None:
    zone = Zones(str(tmp_path)).of("nl", "nl.charging__x")
    old = 100 * DAY
    files = {sign: landed(zone, sign, old) for sign in "abcd"}
    in_force = batch(zone, "in-force", files["a"], old)
    gone = batch(zone, "gone", files["b"], old)
    young = batch(zone, "young", files["c"], 3 * DAY)
    fresh = landed(zone, "e", 2 * DAY)
    zone.write_bytes("landing/validators.json", b"{}")
    swept = sweep_zone(zone, AT, keep=60 * DAY, released={"in-force"}, files={files["a"]})
    assert (swept.batches, swept.landed) == (1, 2)
    for place in (in_force, young):
        assert zone.exists(f"{place}/batch.json")
    assert not zone.list(gone)
    left = {place for place in zone.list("landing") if not place.endswith(".json")}
    assert left == {f"landing/{files['a']}", f"landing/{files['c']}", f"landing/{fresh}"}
    assert zone.exists("landing/validators.json")
    again = sweep_zone(zone, AT, keep=60 * DAY, released={"in-force"}, files={files["a"]})
    assert (again.batches, again.landed) == (0, 0)


def test_bytes_stay_for_ever_where_no_time_is_declared(tmp_path: Path) -> None:
    zone = Zones(str(tmp_path)).of("nl", "nl.charging__x")
    file = landed(zone, "a", 4000 * DAY)
    assert sweep_zone(zone, AT, keep=None, released=(), files=()).landed == 0
    assert zone.exists(f"landing/{file}")
