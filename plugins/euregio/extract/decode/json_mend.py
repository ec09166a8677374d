"""A second look at JSON that the strict reader refuses: what publishers' programs get wrong in texts, mended byte by byte."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

from euregio.extract.decode.csv_text import WESTERN
from euregio.extract.decode.json_text import mapped
from euregio.extract.decode.plain import Source

_CHUNK = 4 * 1024 * 1024
#: A string (to the file's end where it is not closed), or a comma with no value behind it.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|,(?=[ \t\r\n]*[\]}])', re.DOTALL)
_SUSPECT = re.compile(rb"[\x00-\x1f]|\\(?![\"\\/bfnrt]|u[0-9a-cA-CefEF][0-9a-fA-F]{3}|u[dD][0-7][0-9a-fA-F]{2})")
_PAIR = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(
    rb"(\\(?:"
    + _PAIR
    + rb"|[\"\\/bfnrt]))|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(\\u[0-9a-fA-F]{4})|(\\')|(\\)|([\x00-\x1f])"
)


def mended(source: Source, path: Path) -> Path:
    """A copy of the document in which a parser finds nothing to refuse in texts, or `path` itself where nothing was wrong.

    Bytes that are no UTF-8 are taken as Windows-1252, one by one; half a surrogate pair becomes U+FFFD; a line break or
    another control character inside a text is escaped; a backslash before what is no escape stands for itself; a comma
    with no value behind it goes. Nothing is closed that is open: a document that is cut off stays so.
    """
    text = _as_utf8(source, path)
    out = source.scratch / "mended.json"
    last = changed = 0
    data = mapped(text)
    with text.open("rb") as file, out.open("wb") as plain:
        for match in _TOKEN.finditer(data):
            if data[match.start()] == 0x2C:
                new = b""
            elif _SUSPECT.search(data, match.start(), match.end()):
                new = _ESCAPE.sub(_escape, match[0])
            else:
                continue
            changed += 1
            _copy(file, last, match.start(), plain)
            plain.write(new)
            last = match.end()
        _copy(file, last, len(data), plain)
    return out if changed else text


def _escape(match: re.Match[bytes]) -> bytes:
    whole, half, unit, quote, slash, control = match.groups()
    if half:
        return rb"\ufffd"
    if slash:
        return rb"\\"
    if quote:
        return b"'"
    return whole or unit or b"\\u%04x" % control[0]


def _as_utf8(source: Source, path: Path) -> Path:
    out = source.scratch / "western.json"
    try:
        with path.open(encoding="utf-8", newline="") as text:
            while text.read(_CHUNK):
                pass
    except UnicodeDecodeError:
        with (
            path.open(encoding="utf-8", errors=WESTERN, newline="") as text,
            out.open("w", encoding="utf-8", newline="") as plain,
        ):
            while chunk := text.read(_CHUNK):
                plain.write(chunk)
        return out
    return path


def _copy(file: IO[bytes], start: int, end: int, out: IO[bytes]) -> None:
    file.seek(start)
    while start < end and (chunk := file.read(min(_CHUNK, end - start))):
        out.write(chunk)
        start += len(chunk)
