"""Files come from below the profile's root only, whole and unchanged."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from euregio.extract.fetch import files
from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, RetryLater
from euregio.extract.fetch.files import fetch_files
from euregio.storage.zone_s3 import s3_filesystem


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for rel in ("de/b.csv", "de/a.csv", "de/old/c.csv", "de/.hidden.csv", "fr/d.json", "fr/e [1].csv"):
        path = root / rel
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rel.encode())
    return root


def names(taken: list[Fetched | NotModified]) -> list[str]:
    return [one.address for one in taken]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("de/a.csv", ["de/a.csv"]),
        ("./de//a.csv", ["de/a.csv"]),
        ("de/*.csv", ["de/a.csv", "de/b.csv"]),
        ("**/*.csv", ["de/a.csv", "de/b.csv", "de/old/c.csv", "fr/e [1].csv"]),
        ("de/[ab].csv", ["de/a.csv", "de/b.csv"]),
        ("fr/?.json", ["fr/d.json"]),
        ("fr/e [1].csv", ["fr/e [1].csv"]),
    ],
)
def test_a_path_or_a_glob_gives_its_files_by_name(root: Path, tmp_path: Path, pattern: str, found: list[str]) -> None:
    taken = fetch_files(pattern, str(root), tmp_path / "out")
    assert names(taken) == found
    assert [one.path.read_bytes().decode() for one in taken] == found
    assert all(one.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest() for one in taken)
    assert all((root / rel).exists() for rel in found)


def test_an_absolute_path_and_a_file_address_below_the_root_are_fine(root: Path, tmp_path: Path) -> None:
    for pattern in (f"{root}/de/a.csv", f"file://{root}/de/a.csv"):
        assert names(fetch_files(pattern, str(root), tmp_path / "out")) == ["de/a.csv"]
        assert names(fetch_files(pattern, f"file://{root}", tmp_path / "out")) == ["de/a.csv"]


@pytest.mark.parametrize(
    "pattern",
    ["../secret", "de/../../secret", "/etc/passwd", "file:///etc/passwd", "file:///etc/*", "~/x", "de/..", "..\\x", "x\x00", "s3://b/x", "/*", "*/../../secret"],
)  # fmt: skip
def test_what_leads_out_of_the_root_is_refused(root: Path, tmp_path: Path, pattern: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(FetchFailed, match="leads out of the profile's root"):
        fetch_files(pattern, str(root), tmp_path / "out")


def test_a_link_that_leads_out_of_the_root_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "de" / "z.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(FetchFailed, match=r"z\.csv: the file is a link that leads out"):
        fetch_files("de/*.csv", str(root), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    (root / "de" / "z.csv").unlink()
    (root / "de" / "z.csv").symlink_to(root / "fr" / "d.json")
    assert fetch_files("de/z.csv", str(root), tmp_path / "out")[0].path.read_bytes() == b"fr/d.json"


def test_a_pipe_or_a_folder_is_no_file_and_does_not_hang(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe.csv")
    for pattern in ("pipe.csv", "de"):
        with pytest.raises(FetchFailed, match="not a plain file"):
            fetch_files(pattern, str(root), tmp_path / "out")


def test_nothing_there_says_where_it_looked(root: Path, tmp_path: Path) -> None:
    for pattern in ("de/x.csv", "nl/*.json"):
        with pytest.raises(FetchFailed, match=f"no file is there; found nothing below {root}"):
            fetch_files(pattern, str(root), tmp_path / "out")
    with pytest.raises(FetchFailed, match="folder does not exist"):
        fetch_files("a", str(tmp_path / "none"), tmp_path / "out")


def test_the_ceiling_holds_for_all_files_together(root: Path, tmp_path: Path) -> None:
    assert len(fetch_files("de/*.csv", str(root), tmp_path / "out", ceiling_bytes=16)) == 2
    with pytest.raises(FetchFailed, match=r"de/b\.csv: the answer is larger"):
        fetch_files("de/*.csv", str(root), tmp_path / "out2", ceiling_bytes=15)
    assert list((tmp_path / "out2").iterdir()) == []


def test_a_file_that_grows_meanwhile_is_left_for_later(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "big").write_bytes(bytes(3_000_000))
    stop = threading.Event()

    def grow() -> None:
        while not stop.is_set():
            with (root / "big").open("ab") as file:
                file.write(b"x")
            time.sleep(0.001)

    writer = threading.Thread(target=grow)
    writer.start()
    monkeypatch.setattr(files, "_CHUNK", 1000)
    try:
        with pytest.raises(RetryLater, match="still being written"):
            fetch_files("big", str(root), tmp_path / "out")
    finally:
        stop.set()
        writer.join()
    assert list((tmp_path / "out").iterdir()) == []


def test_objects_come_as_files_do_and_not_twice(s3_options: dict[str, str], tmp_path: Path) -> None:
    fs = s3_filesystem(s3_options)
    for rel in ("de/a.csv", "de/b.csv", "de/old/c.csv", "de/.hidden.csv", "de2/x.csv"):
        fs.pipe_file(f"zones/files/{rel}", rel.encode())
    fs.pipe_file("zones/outside.csv", b"outside")

    def take(pattern: str, out: str, **more: object) -> list[Fetched | NotModified]:
        return fetch_files(pattern, "s3://zones/files", tmp_path / out, storage_options=s3_options, **more)

    taken = take("de/*.csv", "1")
    assert names(taken) == ["de/a.csv", "de/b.csv"] == [one.path.read_bytes().decode() for one in taken]
    assert names(take("**/*.csv", "2")) == ["de/a.csv", "de/b.csv", "de/old/c.csv", "de2/x.csv"]
    assert names(take("s3://zones/files/de/a.csv", "3")) == ["de/a.csv"]
    fs.pipe_file("zones/files/de/b.csv", b"new")
    again = take("de/*.csv", "4", previous={one.address: one.validators for one in taken})
    assert [type(one) for one in again] == [NotModified, Fetched]
    assert again[0].sha256 == taken[0].sha256
    for pattern in (
        "../outside.csv",
        "s3://zones/outside.csv",
        "s3://zones/files/../outside.csv",
        "/zones/outside.csv",
    ):
        with pytest.raises(FetchFailed, match="leads out"):
            take(pattern, "5")
    with pytest.raises(FetchFailed, match="no file is there"):
        take("nl/*.csv", "6")
    with pytest.raises(FetchFailed, match="ceiling"):
        take("de/*.csv", "7", ceiling_bytes=10)
    assert list((tmp_path / "7").iterdir()) == []
    with pytest.raises(FetchFailed) as failure:
        fetch_files("x.csv", "s3://no-such-bucket", tmp_path / "8", storage_options=s3_options)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("name", "pattern", "match"),
    [
        ("a/b.csv", "a/*.csv", True), ("a/b/c.csv", "a/*.csv", False), ("a/b/c.csv", "a/**/*.csv", True), ("a/c.csv", "a/**/*.csv", True),
        ("a", "**", True), ("b.csv", "a.csv", False), ("a/b", "a", False), ("x/a/y/a/z", "**/a/**/z", True),
    ],
)  # fmt: skip
def test_names_in_an_object_store_match_as_in_a_folder(name: str, pattern: str, match: bool) -> None:
    assert files._matches(name, pattern) is match
