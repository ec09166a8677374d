"""Hostile files of every format: one clear line, nothing left behind, bounded memory and time."""

from __future__ import annotations

import gzip
import io
import resource
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from euregio.commands.trial import try_file
from euregio.errors import BatchRefused, DecodeError
from euregio.extract.decode.registry import formats
from euregio.settings import Settings

CASES = Path(__file__).resolve().parents[1] / "decode"
SKIPPED = ("cut-off", "error-envelope")


def payload(format_name: str) -> Path | None:
    """A sound file of the format, from the cases of tests/decode."""
    for case in sorted((CASES / format_name).glob("*")):
        files = [path for path in case.iterdir() if path.name != "expect.json"] if case.is_dir() else []
        if len(files) == 1 and case.name not in SKIPPED:
            return files[0]
    return None


SOUND = {name: path for name in formats() if (path := payload(name))}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """An installation in which nothing may be left: no file in scratch, zones or layer."""
    home = tmp_path / "home"
    yield Settings(
        home=home,
        zones=str(home / "zones"),
        layer_catalogue=f"sqlite:{home}/layer/c.sqlite",
        layer_data=f"{home}/layer/data",
    )
    assert [path for path in home.rglob("*") if path.is_file()] == []


def refused(settings: Settings, format_name: str, file: Path) -> str:
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((DecodeError, BatchRefused)) as error:
        try_file(format_name, file, settings)
    assert "\n" not in str(error.value)
    assert time.monotonic() - started < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000  # kB
    return str(error.value)


def refused_or_counted(settings: Settings, format_name: str, file: Path) -> None:
    """Refused in one line, or read with every row accounted for: where a format allows it, a part may be sound."""
    try:
        found = try_file(format_name, file, settings)
    except (DecodeError, BatchRefused) as error:
        assert "\n" not in str(error)  # noqa: PT017  either way is right
    else:
        assert found.rows == found.admitted + found.corrected + found.quarantined


@pytest.mark.parametrize("name", SOUND)
def test_the_sound_file_that_these_attacks_spoil_is_read(settings: Settings, name: str) -> None:
    assert try_file(name, SOUND[name], settings, time_zone="Europe/Paris").records > 0


@pytest.mark.parametrize("name", sorted(formats()))
def test_what_is_no_file_of_any_format_is_refused(settings: Settings, tmp_path: Path, name: str) -> None:
    import random

    made = random.Random(7).randbytes(50_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../../../tmp/euregio-was-here.csv", "x")
        packed.writestr("/etc/euregio-was-here", "x")
    nested = b"x" * 1_000_000
    for _ in range(4):
        nested = gzip.compress(nested)
    bomb = gzip.compress(b"\x00" * 50_000_000)
    contents = {
        "random": made, "empty": b"", "blank": b" \n\t\n" * 100, "nul": b"\x00" * 100_000, "html": b"<html><head><title>503</title></head></html>",
        "traversal.zip": archive.getvalue(), "nested.gz": nested, "bomb.gz": bomb, "xml": b'<?xml version="1.0"?><a><b>1</b></a>',
        "json": b'{"error": "not found"}', "list": b"[1, 2, 3]", "deep.json": b"[" * 200_000, "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + made[:2000],
        "xlsx": b"PK\x03\x04" + made[:5000], "gz-of-junk": gzip.compress(made),
    }  # fmt: skip
    for title, content in contents.items():
        file = tmp_path / title
        file.write_bytes(content)
        assert refused(settings, name, file), title
    assert not Path("/tmp/euregio-was-here.csv").exists()
    assert not Path("/etc/euregio-was-here").exists()


@pytest.mark.parametrize("name", SOUND)
def test_a_file_cut_anywhere_is_refused_or_accounted_for(settings: Settings, tmp_path: Path, name: str) -> None:
    whole = SOUND[name].read_bytes()
    for share in (0.05, 0.6):
        file = tmp_path / f"cut-{SOUND[name].name}"
        file.write_bytes(whole[: int(len(whole) * share)])
        refused_or_counted(settings, name, file)
        packed = tmp_path / f"packed-{SOUND[name].name}.gz"
        packed.write_bytes(gzip.compress(whole)[: int(len(gzip.compress(whole)) * share)])
        refused(settings, name, packed)


@pytest.mark.parametrize("name", SOUND)
def test_spoilt_bytes_are_refused_or_accounted_for(settings: Settings, tmp_path: Path, name: str) -> None:
    whole = SOUND[name].read_bytes()
    middle = len(whole) // 2
    spoilt = {
        "nul": whole[:middle] + b"\x00" * 50 + whole[middle:], "utf-8": whole[:middle] + b"\xff\xfe\xc3\x28" + whole[middle:],
        "twice": whole + whole, "digits": whole.replace(b"1", b"9" * 400), "minus": whole.replace(b"2", b"-1e999"),
    }  # fmt: skip
    for title, content in spoilt.items():
        file = tmp_path / f"{title}-{SOUND[name].name}"
        file.write_bytes(content)
        refused_or_counted(settings, name, file)


@pytest.mark.parametrize("name", sorted(formats()))
def test_another_formats_file_is_refused(settings: Settings, name: str) -> None:
    for other, file in SOUND.items():
        kin = {name, other}
        if other == name or kin <= {"datex2-energy-table", "datex2-energy-status"}:
            continue  # one publication may hold both kinds
        told = refused(settings, name, file)
        assert file.name in told or "critical" in told, (name, other, told)
