"""The text of a JSON document: in UTF-8, and in short where an error quotes it."""

from __future__ import annotations

import codecs
import mmap
import shutil
from pathlib import Path

from euregio.errors import DecodeError
from euregio.extract.decode.plain import Source

_CHUNK = 4 * 1024 * 1024


def utf8_file(source: Source) -> Path:
    """The source's file where it is UTF-8 without mark, else such a copy (from UTF-16 or UTF-32, or without mark)."""
    head = source.head(4)
    name = None
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        name = "utf-32"
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    elif head.startswith(codecs.BOM_UTF8):
        name = "utf-8"
    elif head[1:2] == b"\0" and head[:1] != b"\0":
        name = "utf-16-le"
    elif head[:1] == b"\0" and head[1:2] != b"\0":
        name = "utf-16-be"
    if name is None:
        return source.path
    out = source.scratch / "utf8.json"
    if name == "utf-8":  # as it is: bytes that are none are the affair of a second look
        with source.path.open("rb") as marked, out.open("wb") as plain:
            marked.seek(len(codecs.BOM_UTF8))
            shutil.copyfileobj(marked, plain, _CHUNK)
        return out
    try:
        with source.path.open(encoding=name, newline="") as text, out.open("w", encoding="utf-8", newline="") as copy:
            while chunk := text.read(_CHUNK):
                copy.write(chunk)
    except UnicodeError as error:
        raise DecodeError(f"the text is not {name}", where=source.name, found=words(str(error))) from error
    return out


def mapped(path: Path) -> mmap.mmap:
    """The file's bytes. Whoever holds a match of them keeps them open, so they are closed by being forgotten."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def words(text: str) -> str:
    """The text's beginning on one line, for an error."""
    return " ".join(text.split())[:160]
