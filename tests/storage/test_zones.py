"""Zones keep bytes whole, in a folder and on a real S3 server (moto on loopback)."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from euregio.storage.zones import MissingFile, Zone, ZoneError, Zones


@pytest.fixture(params=["folder", "s3"])
def zones(request: pytest.FixtureRequest, tmp_path: Path) -> Zones:
    if request.param == "folder":
        return Zones(str(tmp_path / "zones"))
    options = request.getfixturevalue("s3_options")
    return Zones(f"s3://zones/{tmp_path.name}-{time.time_ns()}", options, cache=tmp_path / "cache")


@pytest.fixture
def zone(zones: Zones) -> Zone:
    return zones.of("nl", "nl.charging__ndw")


def test_what_is_written_is_read_back_and_listed(zone: Zone) -> None:
    zone.write_bytes("landing/a.json", b"{}")
    zone.write_bytes("batches/2026-11-20/b1/batch.json", b"[1]")
    assert zone.read_bytes("landing/a.json") == b"{}"
    assert zone.exists("landing/a.json")
    assert zone.size("batches/2026-11-20/b1/batch.json") == 3
    assert zone.list() == ["batches/2026-11-20/b1/batch.json", "landing/a.json"]
    assert zone.list("landing") == ["landing/a.json"]


def test_a_later_write_replaces_and_is_seen_through_the_cache(zone: Zone) -> None:
    zone.write_bytes("x", b"one")
    assert zone.local("x").read_bytes() == b"one"
    zone.write_bytes("x", b"two")
    assert zone.local("x").read_bytes() == b"two"


def test_an_empty_file_is_a_file(zone: Zone) -> None:
    zone.write_bytes("empty", b"")
    assert zone.exists("empty")
    assert zone.local("empty").read_bytes() == b""


def test_a_folder_is_not_a_file_and_a_prefix_is_not_a_folder(zone: Zone) -> None:
    zone.write_bytes("landing/a", b"1")
    zone.write_bytes("landing2/b", b"2")
    assert not zone.exists("landing")
    assert zone.list("landing") == ["landing/a"]
    with pytest.raises(ZoneError):
        zone.local("landing")


def test_a_missing_file_is_said_to_be_missing(zone: Zone) -> None:
    assert not zone.exists("nothing")
    assert zone.list("nothing") == []
    for reading in (zone.read_bytes, zone.local, zone.size):
        with pytest.raises(MissingFile, match="nothing: no such file"):
            reading("nothing")


def test_deleting_takes_a_file_or_a_folder_and_forgives_absence(zone: Zone) -> None:
    for rel in ("b/1", "b/2/3", "bb", "c"):
        zone.write_bytes(rel, b".")
    zone.delete("b")
    zone.delete("c")
    zone.delete("c")
    assert zone.list() == ["bb"]


def test_writing_publishes_when_the_block_ends_and_not_before(zone: Zone) -> None:
    with zone.writing("out/rows.parquet") as path:
        path.write_bytes(b"half")
        assert not zone.exists("out/rows.parquet")
        path.write_bytes(b"whole")
    assert zone.read_bytes("out/rows.parquet") == b"whole"


def test_a_failed_block_leaves_nothing_and_the_last_state_stays(zone: Zone) -> None:
    zone.write_bytes("out", b"last good")
    paths: list[Path] = []

    def half_written() -> None:
        with zone.writing("out") as path:
            paths.append(path)
            path.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_written()
    assert zone.read_bytes("out") == b"last good"
    assert not paths[0].exists()
    assert zone.list() == ["out"]


def test_a_block_that_writes_nothing_is_an_error(zone: Zone) -> None:
    with pytest.raises(ZoneError, match="nothing was written"), zone.writing("out"):
        pass
    assert zone.list() == []


def test_a_copied_file_stays_and_a_moved_one_is_used_up(zone: Zone, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    zone.put_file(source, "copied")
    assert source.exists()
    zone.put_file(source, "moved", move=True)
    assert not source.exists()
    assert zone.read_bytes("copied") == zone.read_bytes("moved") == b"bytes"


def test_half_made_files_are_hidden_and_swept_when_old(zone: Zone, zones: Zones) -> None:
    zone.write_bytes("kept", b"1")
    if zones.root.startswith("s3://"):
        zone._fs().pipe_file(f"{zone._prefix}/.tmp/left", b"half")
    else:
        left = zone._folder / ".tmp" / "left"
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"half")
    assert zone.list() == ["kept"]
    assert zone.sweep(older_than_seconds=3600) == 0
    assert zone.sweep(older_than_seconds=-5) == 1
    assert zone.list() == ["kept"]


@pytest.mark.parametrize(
    "rel", ["", ".", "..", "../x", "a/../b", "/a", "a//b", "a/", ".tmp/x", "a/.b", "a b", "a\\b", "a\nb", "a\x00", "é", "a" * 201, "~", "a/*"]
)  # fmt: skip
def test_a_path_that_could_leave_the_zone_is_refused(zone: Zone, rel: str) -> None:
    for using in (zone.exists, zone.read_bytes, zone.local, zone.delete, zone.size):
        with pytest.raises(ZoneError, match="not a path in a zone"):
            using(rel)
    with pytest.raises(ZoneError), zone.writing(rel):
        pass


@pytest.mark.parametrize("country", ["", "N", "NL", "nld", "..", "n/", "n\n", "é1"])
def test_a_country_is_two_small_letters(tmp_path: Path, country: str) -> None:
    with pytest.raises(ZoneError, match="not a country's folder"):
        Zones(str(tmp_path)).of(country, "a")


@pytest.mark.parametrize("dataset", ["", ".", "..", "a..b", "a/b", ".a", "a.", "A", "a b", "a\n", "a|b", "a" * 151])
def test_a_dataset_is_a_plain_name(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(ZoneError, match="not a dataset's name"):
        Zones(str(tmp_path)).of("nl", dataset)


@pytest.mark.parametrize("root", ["gs://b/p", "s3://", "s3://b/../x", "s3://UPPER/x", "file:///x", "s3://bucket/a b"])
def test_a_root_that_is_neither_folder_nor_s3_is_refused(root: str) -> None:
    with pytest.raises(ZoneError, match="root"):
        Zones(root)


def test_secrets_do_not_show_in_the_text_of_zones() -> None:
    zones = Zones("s3://bucket/x", {"key": "AKIA", "secret": "hush"})
    assert "hush" not in repr(zones) + repr(zones.of("nl", "a"))


def test_a_download_that_does_not_match_its_name_is_refused(s3_options: dict[str, str], tmp_path: Path) -> None:
    zone = Zones("s3://zones/verify", s3_options, cache=tmp_path / "cache").of("nl", "a")
    sha = hashlib.sha256(b"right").hexdigest()
    zone.write_bytes(f"landing/{sha}", b"right")
    assert zone.local(f"landing/{sha}").read_bytes() == b"right"
    zone.write_bytes(f"landing/{sha}", b"wrong")
    with pytest.raises(ZoneError, match="not what the zone holds"):
        zone.local(f"landing/{sha}")
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.read_bytes() == b"wrong"] == []


def test_s3_files_are_downloaded_once_and_the_cache_can_be_trimmed(s3_options: dict[str, str], tmp_path: Path) -> None:
    zones = Zones("s3://zones/cached", s3_options, cache=tmp_path / "cache")
    zone = zones.of("nl", "a")
    zone.write_bytes("x", b"x" * 1000)
    first = zone.local("x")
    node = first.stat().st_ino
    assert zone.local("x") == first
    assert first.stat().st_ino == node
    assert zones.trim_cache(3600) == 0
    assert zones.trim_cache(-5) == 1
    assert zone.local("x").read_bytes() == b"x" * 1000


def test_a_large_file_goes_to_s3_in_parts_and_comes_back_whole(s3_options: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "large"
    block = bytes(range(256)) * 4096
    with source.open("wb") as file:
        for _ in range(60):
            file.write(block)
    with source.open("rb") as file:
        sha = hashlib.file_digest(file, "sha256").hexdigest()
    zone = Zones("s3://zones/large", s3_options, cache=tmp_path / "cache").of("nl", "a")
    zone.put_file(source, f"landing/{sha}", move=True)
    assert zone.local(f"landing/{sha}").stat().st_size == 60 * 2**20
    assert zone.list() == [f"landing/{sha}"]


def test_an_unreachable_storage_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{probe.getsockname()[1]}"
    options = {"endpoint": endpoint, "key": "k", "secret": "hush", "config_kwargs": {"retries": {"max_attempts": 0}}}
    zone = Zones("s3://zones/x", options, cache=tmp_path).of("nl", "a")
    with pytest.raises(ZoneError, match="storage failed") as failure:
        zone.read_bytes("x")
    assert "hush" not in str(failure.value)
    assert "\n" not in str(failure.value)


_WRITER = """
import sys, itertools
from euregio.storage.zones import Zones
zone = Zones(sys.argv[1]).of("nl", "a")
print("go", flush=True)
for n in itertools.count():
    zone.write_bytes("state", bytes([n % 256]) * 300_000)
"""


def test_a_killed_writer_leaves_the_last_or_the_next_state(tmp_path: Path) -> None:
    zone = Zones(str(tmp_path)).of("nl", "a")
    for wait in (0.02, 0.05, 0.11):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ
        )
        writer.stdout.readline()
        time.sleep(wait)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        if zone.exists("state"):
            data = zone.read_bytes("state")
            assert len(data) == 300_000
            assert len(set(data)) == 1
        assert set(zone.list()) <= {"state"}
