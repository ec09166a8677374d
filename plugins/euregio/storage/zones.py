"""Zones: each country's own storage for a dataset's bytes, a local folder or an S3 prefix, written atomically."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.meter import moved

_COUNTRY = re.compile(r"[a-z]{2}")
_DATASET = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*")
_PART = re.compile(r"[A-Za-z0-9_=+@:,-][A-Za-z0-9_=+@:,.-]{0,199}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: Half-made files of one zone. The leading dot keeps it out of every list, and no caller can name it.
HALF_MADE = ".tmp"


class ZoneError(EuregioError):
    """A zone could not be read or written, or a name is not one of a zone."""


class MissingFile(ZoneError):
    """The zone holds no such file."""


@dataclass(frozen=True)
class Zones:
    """All zones below one `root`: a local folder, or `s3://bucket/prefix`.

    `storage_options` for S3: `endpoint`, `region`, `key`, `secret` (Settings.s3_options), and what s3fs takes besides.
    `cache` is the local folder that holds downloads of S3 files; Settings().home/cache/zones where absent.
    """

    root: str
    storage_options: Mapping[str, Any] | None = field(default=None, repr=False)
    cache: Path | None = None

    def __post_init__(self) -> None:
        scheme, separator, rest = self.root.partition("://")
        if not separator:
            return
        bucket = rest.split("/", 1)[0]
        parts = [part for part in rest.split("/")[1:] if part]
        if scheme != "s3" or not _BUCKET.fullmatch(bucket) or not all(map(_PART.fullmatch, parts)):
            raise ZoneError(
                "the zones' root is no folder and no S3 prefix", found=self.root, expected="s3://bucket/prefix"
            )

    def of(self, country: str, dataset: str) -> Zone:
        """The zone of a dataset: `<root>/<country>/<dataset>`. Raises ZoneError for names that are none."""
        if not _COUNTRY.fullmatch(country):
            raise ZoneError("not a country's folder", found=country, expected="two lower-case letters")
        if not _DATASET.fullmatch(dataset) or len(dataset) > 150:
            raise ZoneError(
                "not a dataset's name", found=dataset, expected="lower-case letters, digits, _ - and single dots"
            )
        if self.root.startswith("s3://"):
            prefix = f"{self.root.removeprefix('s3://').rstrip('/')}/{country}/{dataset}"
            from euregio.storage.zone_s3 import S3Zone

            return S3Zone(prefix, self.storage_options or {}, self._cache())
        return _LocalZone(Path(self.root).absolute() / country / dataset)

    def trim_cache(self, unused_seconds: float = 7 * 86_400) -> int:
        """Remove downloads that nobody asked for in this time; returns their number. Local zones have none."""
        return remove_older(self._cache(), unused_seconds)

    def _cache(self) -> Path:
        return (self.cache or Settings().home / "cache" / "zones").absolute()


class Zone:
    """Files of one dataset by their relative path (`landing/<sha256>`). A file is there whole or not at all.

    Every method raises ZoneError for a path that is none (`..`, a leading slash or dot, blanks) and when the
    storage fails, MissingFile where a file is read that is not there.
    """

    def exists(self, rel: str) -> bool:
        """Whether the file is there."""
        raise NotImplementedError

    def size(self, rel: str) -> int:
        """Size of the file in bytes."""
        raise NotImplementedError

    def read_bytes(self, rel: str) -> bytes:
        """The whole file; for small files."""
        raise NotImplementedError

    def write_bytes(self, rel: str, data: bytes) -> None:
        """Write a small file, replacing the one before."""
        with self.writing(rel) as path:
            path.write_bytes(data)

    def put_file(self, local: Path, rel: str, *, move: bool = False) -> None:
        """Copy a local file into the zone; with `move` the local one is used up (no copy on the same disk)."""
        raise NotImplementedError

    def local(self, rel: str) -> Path:
        """A local path to read from: the file itself, or for S3 a verified download kept in the cache."""
        raise NotImplementedError

    def list(self, rel_prefix: str = "") -> list[str]:
        """Relative paths of all files below a folder, sorted; none where there is no such folder."""
        raise NotImplementedError

    def delete(self, rel: str) -> None:
        """Remove a file, or all below a folder. What is not there is no error."""
        raise NotImplementedError

    def sweep(self, older_than_seconds: float = 86_400) -> int:
        """Remove half-made files that a killed process left; returns their number."""
        raise NotImplementedError

    @contextlib.contextmanager
    def writing(self, rel: str) -> Iterator[Path]:
        """A local path to write to; published as `rel` when the block ends, gone without a trace when it raises."""
        checked_path(rel)
        with self._scratch() as folder:
            path = folder / rel.rsplit("/", 1)[-1]
            yield path
            if not path.is_file():
                raise ZoneError("nothing was written", where=rel)
            self.put_file(path, rel, move=True)

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        raise NotImplementedError
        yield  # pragma: no cover


class _LocalZone(Zone):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        return f"Zone({str(self._folder)!r})"

    def exists(self, rel: str) -> bool:
        return self._path(rel).is_file()

    def size(self, rel: str) -> int:
        return self.local(rel).stat().st_size

    def read_bytes(self, rel: str) -> bytes:
        with plainly(rel):
            return self._path(rel).read_bytes()

    def put_file(self, local: Path, rel: str, *, move: bool = False) -> None:
        target = self._path(rel)
        with plainly(rel), self._scratch() as scratch:
            half = scratch / "half"
            size = local.stat().st_size
            if move and local.stat().st_dev == scratch.stat().st_dev:
                os.replace(local, half)
            else:
                shutil.copyfile(local, half)
                if move:
                    local.unlink()
            _to_disk(half)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(half, target)
            _to_disk(target.parent)
        moved("zone", size)

    def local(self, rel: str) -> Path:
        path = self._path(rel)
        if not path.is_file():
            raise MissingFile("no such file in the zone", where=rel)
        return path

    def list(self, rel_prefix: str = "") -> list[str]:
        folder = self._path(rel_prefix) if rel_prefix else self._folder
        with plainly(rel_prefix):
            found = (path.relative_to(self._folder) for path in folder.rglob("*") if path.is_file())
            return sorted(path.as_posix() for path in found if path.parts[0] != HALF_MADE)

    def delete(self, rel: str) -> None:
        path = self._path(rel)
        with plainly(rel), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def sweep(self, older_than_seconds: float = 86_400) -> int:
        return remove_older(self._folder / HALF_MADE, older_than_seconds)

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        with scratch_below(self._folder / HALF_MADE) as folder:
            yield folder

    def _path(self, rel: str) -> Path:
        return self._folder / checked_path(rel)


def checked_path(rel: str) -> str:
    """The relative path, or ZoneError: parts of plain characters, none with a leading dot."""
    if not rel or len(rel) > 800 or not all(_PART.fullmatch(part) for part in rel.split("/")):
        raise ZoneError(
            "not a path in a zone", found=rel, expected="names of plain characters with single slashes between"
        )
    return rel


@contextlib.contextmanager
def plainly(rel: str) -> Iterator[None]:
    """Turn what the storage raises into ZoneError."""
    try:
        yield
    except EuregioError:
        raise
    except FileNotFoundError as error:
        raise MissingFile("no such file in the zone", where=rel) from error
    except Exception as error:
        if not isinstance(error, OSError) and not type(error).__module__.startswith(
            ("botocore", "aiobotocore", "aiohttp")
        ):
            raise
        said = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        raise ZoneError(
            "the zone's storage failed",
            where=rel,
            found=said.splitlines()[0],
            do="Check disk, network and access; run again.",
        ) from error


@contextlib.contextmanager
def scratch_below(parent: Path) -> Iterator[Path]:
    """A folder of its own below `parent`, gone when the block ends."""
    folder = parent / uuid.uuid4().hex
    with plainly(parent.name):
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_older(folder: Path, seconds: float) -> int:
    """Remove files below `folder` untouched for `seconds`, and folders that are then empty; returns number of files."""
    limit, removed = time.time() - seconds, 0
    for path in sorted(folder.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(OSError):  # another process may sweep or write at the same time
            if path.lstat().st_mtime >= limit:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
                removed += 1
    return removed


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
