"""From landed bytes to a plain file that a decoder may open: unpacked within limits, and not obviously something else."""

from __future__ import annotations

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from euregio.errors import DecodeError, EuregioError

if TYPE_CHECKING:
    import duckdb
    import pyarrow

#: A plain file may be this large, bytes. The largest feed known (MOBI.E, Portugal) has 0.2 GB.
MAX_PLAIN_BYTES = 16 * 1024**3
#: Unpacked over packed, beyond the first 16 MB. Text of this kind packs to a tenth, at most to a hundredth.
MAX_RATIO = 200
_FREE_BYTES = 16 * 1024**2
_CHUNK = 1024 * 1024

#: What Python's archive modules raise over spoilt bytes: their own errors and, from inside, any of these (an encrypted
#: member is a RuntimeError, an unknown method NotImplementedError, a bent header ValueError or struct.error).
BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
    OverflowError, struct.error,
)  # fmt: skip

#: Endings of files of data in an archive of several files.
_DATA_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".geojson", ".xml", ".xlsx", ".gz", ".zip")
GZIP, ZIP, OLE = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Source:
    """A plain file for a decoder: `path` to read, `name` that the user knows it by, `scratch` for its own files."""

    path: Path
    name: str
    scratch: Path
    failures: list[EuregioError] = field(default_factory=list)
    #: At most one way to read the file with more care and cost, taken where DuckDB refuses a value in the relation.
    second_try: list[Callable[[], duckdb.DuckDBPyRelation]] = field(default_factory=list)

    def head(self, size: int = 65536) -> bytes:
        """The first `size` bytes."""
        with self.path.open("rb") as file:
            return file.read(size)

    def stream(
        self, con: duckdb.DuckDBPyConnection, schema: pyarrow.Schema, batches: Iterable[pyarrow.RecordBatch]
    ) -> duckdb.DuckDBPyRelation:
        """A relation over record batches as they come. An EuregioError that `batches` raises reaches the user in its
        own words: DuckDB would bury it in its own, so it is kept in `failures`."""
        import pyarrow

        def kept() -> Iterator[pyarrow.RecordBatch]:
            try:
                yield from batches
            except EuregioError as error:
                self.failures.append(error)
                raise

        return con.from_arrow(pyarrow.RecordBatchReader.from_batches(schema, kept()))


def plain_source(path: Path, name: str, scratch: Path) -> Source:
    """Unpack gzip and zip of one file of data (not XLSX) into `scratch`, and refuse what can be no dataset.

    Raises DecodeError for empty files, HTML pages, encrypted or broken archives, and archives that
    unpack beyond the limits of this module.
    """
    current = path
    for _ in range(3):  # gzip in zip occurs; more nesting is an attack
        head = _head(current)
        if head.startswith(GZIP):
            current = _gunzip(current, name, scratch)
        elif head.startswith(ZIP) and not _is_workbook(current, name):
            current = _unzip(current, name, scratch)
        else:
            _refuse_the_obvious(head, current, name)
            return Source(_speakable(current, scratch), name, scratch)
    raise DecodeError("an archive in an archive in an archive", where=name, do="Unpack it before offering it.")


def _speakable(path: Path, scratch: Path) -> Path:
    """The path, or a link to it where its name is no text (bytes that are no UTF-8): DuckDB takes names as text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        link = scratch / "landed"
        link.symlink_to(path.absolute())
        return link
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _refuse_the_obvious(head: bytes, path: Path, name: str) -> None:
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise DecodeError(
            "the file is empty" if path.stat().st_size < len(head) + 1 else "the file begins with nothing but blanks or zeros",
            where=name, found=f"{path.stat().st_size} bytes", do="Ask the publisher, or fetch again.",
        )  # fmt: skip
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        raise DecodeError(
            "this is an HTML page, not data", where=name, found="a beginning as of HTML",
            do="The address answers with a web page (an error, a log-in, or it has moved).",
        )  # fmt: skip
    if head.startswith(OLE):
        raise DecodeError(
            "this is an encrypted or pre-2007 Office file", where=name, do="Save it as XLSX without a password."
        )
    if head.startswith(b"%PDF"):
        raise DecodeError("this is a PDF, not data", where=name)
    if head.startswith((b"-----BEGIN PGP", b"Salted__", b"\x85\x01", b"age-encryption.org")):
        raise DecodeError("the file is encrypted", where=name, do="Decrypt it before offering it.")


def _gunzip(path: Path, name: str, scratch: Path) -> Path:
    out = scratch / f"plain-{path.name}-gunzip"
    try:
        with gzip.open(path, "rb") as packed:
            _copy_limited(packed, out, path.stat().st_size, name)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        out.unlink(missing_ok=True)
        raise DecodeError(
            "the gzip file is broken or cut off", where=name, found=str(error), do="Fetch it again."
        ) from error
    return out


def _is_workbook(path: Path, name: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except BROKEN_ARCHIVE as error:
        raise DecodeError(
            "the zip file is broken or cut off", where=name, found=str(error), do="Fetch it again."
        ) from error


def _is_litter(name: str) -> bool:
    """Whether a computer left it in the archive, and no publisher: .DS_Store, ._data.csv, __MACOSX/…, Thumbs.db."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return name.startswith("__MACOSX/") or last.startswith(".") or last.lower() in ("thumbs.db", "desktop.ini")


def _unzip(path: Path, name: str, scratch: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            files = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
            if len(files) > 1:  # a readme, a licence or a table's description may lie beside the data
                files = [info for info in files if info.filename.lower().endswith(_DATA_ENDINGS)] or files
            if len(files) != 1:
                raise DecodeError(
                    "a zip must hold one file of data", where=name,
                    found=", ".join(info.filename for info in files)[:200] or "0 files", do="Declare or pack one file.",
                )  # fmt: skip
            if files[0].flag_bits & 1:
                raise DecodeError("the zip is encrypted", where=name, do="Offer it without a password.")
            out = scratch / "plain-unzip"
            with archive.open(files[0]) as packed:
                _copy_limited(packed, out, path.stat().st_size, name)
            return out
    except BROKEN_ARCHIVE as error:
        raise DecodeError(
            "the zip file is broken or cut off", where=name, found=str(error), do="Fetch it again."
        ) from error


def check_workbook(path: Path, name: str) -> None:
    """Refuse a workbook (XLSX) that would unpack beyond the limits, or that is encrypted. Raises DecodeError."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except BROKEN_ARCHIVE as error:
        raise DecodeError(
            "the workbook is broken or cut off", where=name, found=str(error), do="Fetch it again."
        ) from error
    if any(info.flag_bits & 1 for info in infos):
        raise DecodeError("the workbook is encrypted", where=name, do="Offer it without a password.")
    _limit(sum(info.file_size for info in infos), path.stat().st_size, name)


def _copy_limited(packed: IO[bytes] | gzip.GzipFile, out: Path, packed_size: int, name: str) -> None:
    size = 0
    with out.open("wb") as plain:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            try:
                _limit(size, packed_size, name)
            except DecodeError:
                plain.close()
                out.unlink(missing_ok=True)
                raise
            plain.write(chunk)


def _limit(size: int, packed_size: int, name: str) -> None:
    if size > MAX_PLAIN_BYTES or size > _FREE_BYTES + MAX_RATIO * packed_size:
        raise DecodeError(
            "the archive unpacks to more than is plausible (a bomb?)", where=name,
            found=f"{size} bytes or more from {packed_size}", expected=f"at most {MAX_RATIO} times, and {MAX_PLAIN_BYTES} bytes",
        )  # fmt: skip
