"""Landing keeps bytes unchanged under their hash, and knows what it has seen."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from euregio.errors import FetchError
from euregio.extract.fetch.fetched import Fetched, NotModified, Validators
from euregio.extract.landing import DatasetFacts, forget, land, manifest_of, validators
from euregio.storage.zones import Zone, Zones

FACTS = DatasetFacts("nl.charging__ndw", "CC0-1.0", "NDW", "https://example.org/x.json")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zones(str(tmp_path / "zones")).of("nl", FACTS.id)


def fetched(folder: Path, data: bytes, address: str = "https://example.org/x.json", **headers: str) -> Fetched:
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.monotonic_ns()}.fetched"
    path.write_bytes(data)
    return Fetched(path, "x.json", address, hashlib.sha256(data).hexdigest(), len(data), NOON, 200, headers)


def test_bytes_land_under_their_hash_with_a_manifest(zone: Zone, tmp_path: Path) -> None:
    one = fetched(tmp_path / "in", b"bytes", etag='"1"')
    landed = land(zone, [one], FACTS, now=NOON)
    (file,) = landed.files
    assert not landed.unchanged
    assert zone.read_bytes(file.rel) == b"bytes"
    assert (file.rel, file.manifest_rel) == (f"landing/{one.sha256}", f"landing/{one.sha256}.json")
    manifest = json.loads(zone.read_bytes(file.manifest_rel))
    assert manifest | {"sha256": one.sha256, "size_bytes": 5, "name": "x.json", "licence": "CC0-1.0"} == manifest
    assert manifest["fetched_at"] == manifest["first_seen"] == manifest["last_seen"] == "2026-11-20T12:00:00+00:00"
    assert manifest["headers"] == {"etag": '"1"'}
    assert not one.path.exists()


def test_the_same_again_is_one_file_and_unchanged(zone: Zone, tmp_path: Path) -> None:
    land(zone, [fetched(tmp_path / "in", b"bytes")], FACTS, now=NOON)
    before = zone.list()
    landed = land(zone, [fetched(tmp_path / "in", b"bytes")], FACTS, now=NOON + timedelta(days=1))
    assert landed.unchanged
    assert zone.list() == before
    manifest = manifest_of(zone, landed.files[0].sha256)
    assert (manifest["first_seen"][:10], manifest["last_seen"][:10]) == ("2026-11-20", "2026-11-21")
    assert list((tmp_path / "in").iterdir()) == []


def test_going_back_to_older_bytes_is_a_change(zone: Zone, tmp_path: Path) -> None:
    for data, unchanged in ((b"a", False), (b"b", False), (b"a", False), (b"a", True)):
        assert land(zone, [fetched(tmp_path / "in", data)], FACTS).unchanged is unchanged


def test_a_file_less_or_more_is_a_change_and_another_order_is_none(zone: Zone, tmp_path: Path) -> None:
    def both() -> list[Fetched | NotModified]:
        return [fetched(tmp_path / "in", b"a", "https://e/a"), fetched(tmp_path / "in", b"b", "https://e/b")]

    assert not land(zone, both(), FACTS).unchanged
    assert land(zone, both()[::-1], FACTS).unchanged
    assert not land(zone, both()[:1], FACTS).unchanged
    assert not land(zone, both(), FACTS).unchanged


def test_the_same_bytes_from_two_addresses_are_one_file_that_knows_both(zone: Zone, tmp_path: Path) -> None:
    landed = land(zone, [fetched(tmp_path / "in", b"a", f"https://e/{n}") for n in "xy"], FACTS)
    assert len(landed.files) == 1
    assert manifest_of(zone, landed.files[0].sha256)["addresses"] == ["https://e/x", "https://e/y"]


def test_validators_are_kept_by_address_for_files_that_are_still_there(zone: Zone, tmp_path: Path) -> None:
    headers = {"etag": '"1"', "last-modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
    one = fetched(tmp_path / "in", b"a", "https://e/a", **headers)
    land(zone, [one, fetched(tmp_path / "in", b"b", "https://e/b")], FACTS)
    assert validators(zone) == {"https://e/a": Validators(one.sha256, '"1"', "Fri, 20 Nov 2026 10:00:00 GMT")}
    zone.delete(f"landing/{one.sha256}")
    assert validators(zone) == {}


def test_bytes_that_could_not_be_read_are_asked_for_anew(zone: Zone, tmp_path: Path) -> None:
    broken = fetched(tmp_path / "in", b"bro", etag='"1"')
    other = fetched(tmp_path / "in", b"whole", "https://example.org/y.json", etag='"2"')
    land(zone, [broken, other], FACTS)
    forget(zone, [broken.sha256])
    assert list(validators(zone)) == ["https://example.org/y.json"]


def test_not_modified_is_unchanged_and_names_the_landed_file(zone: Zone, tmp_path: Path) -> None:
    one = fetched(tmp_path / "in", b"a", etag='"1"')
    first = land(zone, [one], FACTS, now=NOON)
    again = land(zone, [NotModified(one.address, one.sha256, NOON)], FACTS, now=NOON + timedelta(hours=1))
    assert again.unchanged
    assert again.files == first.files
    assert manifest_of(zone, one.sha256)["last_seen"] == "2026-11-20T13:00:00+00:00"
    assert validators(zone)[one.address].etag == '"1"'


def test_not_modified_of_a_file_that_is_gone_asks_for_another_run(zone: Zone) -> None:
    with pytest.raises(FetchError, match="no longer in the zone"):
        land(zone, [NotModified("https://e/a", "a" * 64, NOON)], FACTS)


def test_nothing_fetched_is_an_error(zone: Zone) -> None:
    with pytest.raises(FetchError, match=r"nl\.charging__ndw: nothing was fetched"):
        land(zone, [], FACTS)


def test_a_damaged_landed_file_is_mended(zone: Zone, tmp_path: Path) -> None:
    one = fetched(tmp_path / "in", b"bytes")
    land(zone, [one], FACTS)
    zone.write_bytes(f"landing/{one.sha256}", b"byt")
    land(zone, [fetched(tmp_path / "in", b"bytes")], FACTS)
    assert zone.read_bytes(f"landing/{one.sha256}") == b"bytes"


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"last": 1}', b'{"last": [], "addresses": {"x": 1, "y": {"sha256": "../x"}}}']
)
def test_damaged_validators_only_cost_a_fetch(zone: Zone, tmp_path: Path, damage: bytes) -> None:
    land(zone, [fetched(tmp_path / "in", b"a", etag='"1"')], FACTS)
    zone.write_bytes("landing/validators.json", damage)
    assert validators(zone) == {}
    assert not land(zone, [fetched(tmp_path / "in", b"a", etag='"1"')], FACTS).unchanged
    assert len(validators(zone)) == 1


_FETCHER = """
import sys, itertools, pathlib
from euregio.declarations.source import SourceSpec
from euregio.extract.fetch.gather import gather
from euregio.extract.landing import DatasetFacts, land, validators
from euregio.storage.zones import Zones
root, zones, scratch = sys.argv[1:]
zone = Zones(zones).of("nl", "a")
print("go", flush=True)
for n in itertools.count():
    (pathlib.Path(root) / "x.bin").write_bytes(bytes([n % 256]) * 400_000)
    spec = SourceSpec(url="x.bin")
    land(zone, gather(spec, pathlib.Path(scratch), root=root, previous=validators(zone)), DatasetFacts("nl.a"))
"""


def test_a_killed_landing_leaves_a_readable_zone(tmp_path: Path) -> None:
    zone = Zones(str(tmp_path / "zones")).of("nl", "a")
    (tmp_path / "root").mkdir()
    for wait in (0.01, 0.03, 0.06, 0.1):
        arguments = [str(tmp_path / name) for name in ("root", "zones", "scratch")]
        process = subprocess.Popen([sys.executable, "-c", _FETCHER, *arguments], stdout=subprocess.PIPE, env=os.environ)
        process.stdout.readline()
        time.sleep(wait)
        process.kill()
        process.wait()
        process.stdout.close()
        for rel in zone.list("landing"):
            name = rel.removeprefix("landing/")
            if name.endswith(".json"):
                facts = json.loads(zone.read_bytes(rel))
                assert name == "validators.json" or zone.size(f"landing/{name[:-5]}") == facts["size_bytes"]
            else:
                assert hashlib.sha256(zone.read_bytes(rel)).hexdigest() == name
        for known in validators(zone).values():
            assert zone.exists(f"landing/{known.sha256}")
    landed = land(zone, [fetched(tmp_path / "in", b"whole")], DatasetFacts("nl.a"))
    assert zone.read_bytes(landed.files[0].rel) == b"whole"
