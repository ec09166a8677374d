"""Bytes from files: a path, a glob, or an object store's prefix, never outside the root that the profile names."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import hashlib
import os
import re
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import unquote

from euregio.extract.fetch.addresses import file_name
from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, RetryLater, Validators
from euregio.extract.fetch.unpack import too_large

_CHUNK = 1024 * 1024
_MAX_FILES = 10_000
#: How an alert tells it: no publisher was asked for a file, so none is to blame.
_NO_BYTES, _STORE = "no_bytes", "store_unavailable"
_MAGIC = re.compile(r"[*?\[]")


def fetch_files(
    pattern: str,
    root: str,
    into: Path,
    *,
    ceiling_bytes: int = 2_000_000_000,
    previous: Mapping[str, Validators] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[Fetched | NotModified]:
    """Copy the files that `pattern` names (a path, or a glob with `* ? []` and `**`) into the folder `into`.

    `pattern` is relative to `root`, or lies below it; `root` is a folder or `s3://bucket/prefix`. The order is by name;
    hidden files are left out. An address in the result is relative to the root. Files of an object store whose ETag is
    known (`previous`) are not fetched again. Raises FetchFailed for no match, for what lies outside of the root or is
    no plain file, and beyond the ceiling (all together); RetryLater for a file that grows while it is read.
    """
    taken: list[Fetched | NotModified] = []
    left = ceiling_bytes
    try:
        if root.startswith("s3://"):
            found = _from_s3(pattern, root, into, previous or {}, storage_options or {}, lambda: left)
        else:
            found = _from_folder(pattern, root, into, lambda: left)
        for one in found:
            taken.append(one)
            if isinstance(one, Fetched):
                left -= one.size_bytes
    except BaseException:
        for one in taken:
            if isinstance(one, Fetched):
                one.path.unlink(missing_ok=True)
        raise
    return taken


def _from_folder(pattern: str, root: str, into: Path, left: Callable[[], int]) -> Iterator[Fetched]:
    base = Path(_plain(root)).expanduser().absolute()
    if not base.is_dir():
        error = FetchFailed("the profile's folder does not exist", found=str(base), do="Correct the profile's root.")
        raise error.told_as(_NO_BYTES)
    relative = _below(_plain(pattern), str(base))
    literal = not _MAGIC.search(relative) or os.path.lexists(base / relative)  # names may hold brackets
    paths = [base / relative] if literal else sorted(base.glob(relative))
    wanted = [path for path in paths if path.is_file() and not _hidden(path.relative_to(base))]
    if not wanted and len(paths) == 1 and os.path.lexists(paths[0]):
        raise FetchFailed("not a plain file", where=relative, do="Name a file, or a glob such as folder/*.csv.")
    _some(wanted, relative, str(base))
    real_base = base.resolve()
    for path in wanted:
        address = path.relative_to(base).as_posix()
        real = path.resolve()
        if not real.is_relative_to(real_base):
            raise FetchFailed("the file is a link that leads out of the profile's root", where=address)
        with _plainly(address):
            fetched = _copy_local(real, address, into, left())
        yield fetched


def _copy_local(path: Path, address: str, into: Path, ceiling_bytes: int) -> Fetched:
    # Not to wait at a pipe, nor to follow a link that was put there since we looked.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as source:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise FetchFailed("not a plain file", where=address)
        fetched = _copy(source, address, into, ceiling_bytes, before.st_mtime)
        after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (
        after.st_size,
        after.st_mtime_ns,
    ) or fetched.size_bytes != after.st_size:
        fetched.path.unlink(missing_ok=True)
        raise RetryLater("the file is still being written", where=address, do="Run again.").with_facts(retry_after=60)
    return fetched


def _from_s3(
    pattern: str,
    root: str,
    into: Path,
    previous: Mapping[str, Validators],
    options: Mapping[str, Any],
    left: Callable[[], int],
) -> Iterator[Fetched | NotModified]:
    from euregio.storage.zone_s3 import s3_filesystem

    base = root.removeprefix("s3://").rstrip("/")
    # Made absolute, so that what does not lie below the base is seen to.
    relative = _below("/" + pattern.removeprefix("s3://") if pattern.startswith("s3://") else pattern, f"/{base}")
    folder = _MAGIC.split(relative)[0].rpartition("/")[0]
    with _plainly(relative):
        fs = s3_filesystem(options)
        found = fs.find(f"{base}/{folder}".rstrip("/") + "/", detail=True)
    files = {key.removeprefix(f"{base}/"): info for key, info in found.items() if not key.endswith("/")}
    literal = relative in files
    wanted = [relative] if literal else sorted(name for name in files if _matches(name, relative))
    wanted = [name for name in wanted if not _hidden(PurePosixPath(name))]
    _some(wanted, relative, root)
    for name in wanted:
        info = files[name]
        etag, known = str(info.get("ETag") or ""), previous.get(name)
        if known and etag and known.etag == etag:
            yield NotModified(name, known.sha256, datetime.now(UTC))
            continue
        with _plainly(name), fs.open(f"{base}/{name}", "rb", block_size=8 * _CHUNK, cache_type="readahead") as source:
            fetched = _copy(source, name, into, left(), info["LastModified"].timestamp(), etag)
        if fetched.size_bytes != info["size"]:
            fetched.path.unlink(missing_ok=True)
            raise RetryLater("the object changed while it was read", where=name, do="Run again.").with_facts(
                retry_after=60
            )
        yield fetched


def _copy(source: IO[bytes], address: str, into: Path, ceiling: int, modified: float, etag: str = "") -> Fetched:
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{uuid.uuid4().hex}.fetched"
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > ceiling:
                    raise too_large(size, ceiling).at(address)
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    headers = {"last-modified": datetime.fromtimestamp(modified, UTC).isoformat(timespec="seconds")}
    if etag:
        headers["etag"] = etag
    return Fetched(path, file_name(address), address, digest.hexdigest(), size, datetime.now(UTC), None, headers)


def _plain(path: str) -> str:
    """A file:// address as a path."""
    if not path.startswith("file://"):
        return path
    host, _, rest = path.removeprefix("file://").partition("/")
    if host not in ("", "localhost"):
        raise FetchFailed("a file:// address names a host", found=host, expected="file:///folder/file")
    return "/" + unquote(rest)


def _below(pattern: str, base: str) -> str:
    """`pattern` relative to `base`. Raises FetchFailed where it leaves it."""
    inside = f"{base.rstrip('/')}/"
    relative = pattern.removeprefix(inside)
    parts = relative.split("/")
    if relative.startswith(("/", "~")) or ".." in parts or "\\" in relative or "\x00" in relative or "://" in relative:
        raise FetchFailed("the path leads out of the profile's root", where=pattern, expected=f"a path below {base}")
    parts = [part for part in parts if part not in ("", ".")]
    if not parts:
        raise FetchFailed("no file is named", where=pattern, do="Name a file, or a glob such as folder/*.csv.")
    return "/".join(parts)


def _matches(name: str, pattern: str) -> bool:
    """Whether an object's name matches, part by part, as in a folder; `**` stands for any number of folders."""

    def match(parts: list[str], wanted: list[str]) -> bool:
        if not wanted:
            return not parts
        if wanted[0] == "**":
            return any(match(parts[skip:], wanted[1:]) for skip in range(len(parts) + 1))
        return bool(parts) and fnmatch.fnmatchcase(parts[0], wanted[0]) and match(parts[1:], wanted[1:])

    return match(name.split("/"), re.sub(r"(\*\*/)+", "**/", pattern).split("/"))


def _hidden(path: PurePosixPath | Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _some(found: list[Any], pattern: str, root: str) -> None:
    if not found:
        raise FetchFailed(
            "no file is there", where=pattern, found=f"nothing below {root}", do="Put it there, or correct the path."
        ).told_as(_NO_BYTES)
    if len(found) > _MAX_FILES:
        raise FetchFailed(
            "the pattern matches too many files", where=pattern, found=len(found), expected=f"at most {_MAX_FILES}"
        )


@contextlib.contextmanager
def _plainly(address: str) -> Iterator[None]:
    """Turn what the storage raises into FetchFailed, or RetryLater where it may pass."""
    try:
        yield
    except OSError as error:
        for_now = error.errno in (errno.EIO, errno.ESTALE, errno.ENOSPC, errno.EAGAIN, errno.ETIMEDOUT)
        said = error.strerror or str(error) or type(error).__name__
        raise (RetryLater if for_now else FetchFailed)(
            "the file cannot be read", where=address, found=said.splitlines()[0],
            do="Check that it exists and that access is given.",
        ).told_as(_STORE if for_now else _NO_BYTES) from error  # fmt: skip
    except Exception as error:
        if not type(error).__module__.startswith(("botocore", "aiobotocore", "aiohttp")):
            raise
        failed = RetryLater("the object store cannot be read", where=address, found=str(error).splitlines()[0])
        raise failed.told_as(_STORE) from error
