"""Folders and S3 prefixes that a back-up copies files between; a file is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

from euregio.errors import EuregioError
from euregio.settings import Settings


class Store(ABC):
    """Files below a root, by their path from it (with /)."""

    root: str

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Size in bytes of every file, by path. One listing, not a question for each."""

    @abstractmethod
    def fetch(self, place: str, to: Path) -> None:
        """Copy a file to this machine. Raises EuregioError where it is not there."""

    @abstractmethod
    def put(self, local: Path, place: str) -> None:
        """Copy a file from this machine."""

    def local(self, place: str) -> Path | None:
        """Where the file lies on this machine, None where it lies elsewhere."""
        del place
        return None


class Folder(Store):
    """A folder on this machine."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._path = Path(root)

    def sizes(self) -> dict[str, int]:
        """As Store says."""
        return {
            path.relative_to(self._path).as_posix(): path.stat().st_size
            for path in self._path.rglob("*")
            if path.is_file() and not path.name.endswith(".part")
        }

    def local(self, place: str) -> Path | None:
        """As Store says. Raises EuregioError for a path that leads out of the folder."""
        path = (self._path / place).resolve()
        if not path.is_relative_to(self._path.resolve()):
            raise EuregioError("a file's name leads out of its folder", where=self.root, found=place)
        return path

    def fetch(self, place: str, to: Path) -> None:
        """As Store says."""
        path = self.local(place)
        if path is None or not path.is_file():
            raise missing(self, place)
        shutil.copyfile(path, to)

    def put(self, local: Path, place: str) -> None:
        """As Store says."""
        path = self._path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        shutil.copyfile(local, part)
        os.replace(part, path)


class Bucket(Store):
    """A prefix of an S3 store, with the installation's own key."""

    def __init__(self, root: str, settings: Settings) -> None:
        import s3fs

        self.root = root
        self._prefix = root.removeprefix("s3://").strip("/")
        self._fs = s3fs.S3FileSystem(**settings.s3fs_options, use_listings_cache=False, skip_instance_cache=True)

    def sizes(self) -> dict[str, int]:
        """As Store says."""
        try:
            found = self._fs.find(self._prefix, detail=True)
        except FileNotFoundError:
            return {}
        return {key.removeprefix(f"{self._prefix}/"): int(info["size"] or 0) for key, info in found.items()}

    def fetch(self, place: str, to: Path) -> None:
        """As Store says."""
        try:
            self._fs.get_file(f"{self._prefix}/{place}", str(to))
        except FileNotFoundError as error:
            raise missing(self, place) from error

    def put(self, local: Path, place: str) -> None:
        """As Store says."""
        self._fs.put_file(str(local), f"{self._prefix}/{place}")


def store_of(root: str, settings: Settings) -> Store:
    """The store at a folder or an `s3://bucket/prefix`."""
    return Bucket(root, settings) if root.startswith("s3://") else Folder(root)


def below(store: Store, name: str, settings: Settings) -> Store:
    """The store at a folder of another."""
    return store_of(f"{store.root.rstrip('/')}/{name}", settings)


def copy(place: str, size_bytes: int, source: Store, target: Store) -> None:
    """Copy one file. Raises EuregioError where it is missing, is not as large as it should be, or its name leads elsewhere."""
    if place.startswith("/") or "\x00" in place or ".." in place.split("/"):  # a back-up's list is not ours by itself
        raise EuregioError("a file's name leads out of its folder", where=source.root, found=place)
    lies = source.local(place)
    if lies is not None:
        _put(lies, place, size_bytes, source, target)
        return
    with tempfile.TemporaryDirectory(prefix="copy-") as folder:
        local = Path(folder) / "file"
        source.fetch(place, local)
        _put(local, place, size_bytes, source, target)


def _put(local: Path, place: str, size_bytes: int, source: Store, target: Store) -> None:
    if not local.is_file():
        raise missing(source, place)
    if local.stat().st_size != size_bytes:
        raise EuregioError(
            "a data file has another size than the catalogue says", where=place, found=local.stat().st_size, expected=size_bytes
        )  # fmt: skip
    target.put(local, place)


def missing(store: Store, place: str) -> EuregioError:
    """The error for a file that should be there."""
    return EuregioError("a data file that the catalogue names is missing", where=store.root, found=place)
