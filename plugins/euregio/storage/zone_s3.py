"""A zone on S3, through s3fs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from euregio.storage.meter import moved
from euregio.storage.zones import HALF_MADE, MissingFile, Zone, ZoneError, checked_path, plainly, scratch_below

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Options that Settings names in its own words; all others are s3fs' own.
_OPTION_NAMES = ("endpoint", "region", "key", "secret")


class S3Zone(Zone):
    """S3 through s3fs. Each write goes to a temporary key, is verified there, and is then copied to its name by the
    server, which publishes it in one step; listings are never cached, another process writes here too."""

    def __init__(self, prefix: str, options: Mapping[str, Any], cache: Path) -> None:
        self._prefix, self._options, self._cache = prefix, options, cache

    def __repr__(self) -> str:
        return f"Zone('s3://{self._prefix}')"

    def exists(self, rel: str) -> bool:
        try:
            return bool(self._info(rel))
        except MissingFile:
            return False

    def size(self, rel: str) -> int:
        return int(self._info(rel)["size"])

    def read_bytes(self, rel: str) -> bytes:
        key = self._key(rel)
        with plainly(rel):
            return bytes(self._fs().cat_file(key))

    def put_file(self, local: Path, rel: str, *, move: bool = False) -> None:
        key, half = self._key(rel), f"{self._prefix}/{HALF_MADE}/{uuid.uuid4().hex}"
        with plainly(rel):
            fs, size = self._fs(), local.stat().st_size
            try:
                fs.put_file(str(local), half)
                self._verify(fs, half, size, rel)
                fs.cp_file(half, key)
                self._verify(fs, key, size, rel)
            finally:
                with contextlib.suppress(Exception):
                    fs.rm_file(half)
            if move:
                local.unlink()
        moved("zone", size)

    def local(self, rel: str) -> Path:
        info = self._info(rel)
        name = rel.rsplit("/", 1)[-1]
        version = hashlib.sha256(f"{info.get('ETag')}|{info['size']}".encode()).hexdigest()[:32]
        where = hashlib.sha256(f"{self._options.get('endpoint')}|{self._key(rel)}".encode()).hexdigest()[:32]
        path = self._cache / where / version / name
        if path.is_file() and path.stat().st_size == info["size"]:
            os.utime(path)  # so that trim_cache knows it is in use
            return path
        with scratch_below(self._cache / HALF_MADE) as scratch:
            half = scratch / "half"
            with plainly(rel):
                self._fs().get_file(self._key(rel), str(half))
            half.touch()  # s3fs makes no file of an empty object
            if half.stat().st_size != info["size"] or (_SHA256.fullmatch(name) and _sha256(half) != name):
                raise ZoneError(
                    "the download is not what the zone holds", where=rel, do="Run it again; if it stays, fetch anew."
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(half, path)
        return path

    def list(self, rel_prefix: str = "") -> list[str]:
        folder = self._key(rel_prefix) if rel_prefix else self._prefix
        with plainly(rel_prefix):
            found = self._fs().find(f"{folder}/")
        names = (key.removeprefix(f"{self._prefix}/") for key in found if not key.endswith("/"))
        return sorted(name for name in names if not name.startswith(f"{HALF_MADE}/"))

    def delete(self, rel: str) -> None:
        key = self._key(rel)
        with plainly(rel):
            fs = self._fs()
            for found in [*fs.find(f"{key}/"), *([key] if self.exists(rel) else [])]:
                fs.rm_file(found)

    def sweep(self, older_than_seconds: float = 86_400) -> int:
        with plainly(HALF_MADE):
            fs, limit = self._fs(), time.time() - older_than_seconds
            found = fs.find(f"{self._prefix}/{HALF_MADE}/", detail=True)
            old = [key for key, info in found.items() if info["LastModified"].timestamp() < limit]
            for key in old:
                fs.rm_file(key)
        return len(old)

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        with scratch_below(self._cache / HALF_MADE) as folder:
            yield folder

    def _key(self, rel: str) -> str:
        return f"{self._prefix}/{checked_path(rel)}"

    def _info(self, rel: str) -> dict[str, Any]:
        key = self._key(rel)
        with plainly(rel):
            info = self._fs().info(key)
        if info["type"] != "file":
            raise MissingFile("no such file in the zone", where=rel)
        return info

    def _fs(self) -> Any:
        return s3_filesystem(self._options)

    @staticmethod
    def _verify(fs: Any, key: str, size: int, rel: str) -> None:
        if (stored := fs.info(key)["size"]) != size:
            raise ZoneError(
                "the storage took in another size", where=rel, found=f"{stored} bytes", expected=f"{size} bytes"
            )


def s3_filesystem(options: Mapping[str, Any]) -> Any:
    """S3 through s3fs, with nothing cached. `options` are Settings.s3_options, or s3fs' own."""
    import s3fs  # costs a second: only where a zone is on S3

    # fsspec keeps one instance per process, options and thread, and knows about forks.
    return s3fs.S3FileSystem(use_listings_cache=False, **_s3_options(options))


def _s3_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options in s3fs' words."""
    client = dict(given.get("client_kwargs") or {})
    if given.get("region"):
        client["region_name"] = given["region"]
    options = {name: value for name, value in given.items() if name not in (*_OPTION_NAMES, "client_kwargs")}
    named = {"endpoint_url": given.get("endpoint"), "key": given.get("key"), "secret": given.get("secret")}
    return (
        options
        | {name: value for name, value in named.items() if value}
        | ({"client_kwargs": client} if client else {})
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
