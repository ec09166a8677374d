"""The bytes of an XML document as UTF-8, whatever encoding it is in, and the look at its first sign."""

from __future__ import annotations

import codecs
import re
from contextlib import AbstractContextManager
from typing import IO, Any

from euregio.errors import DecodeError
from euregio.extract.decode.plain import Source

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]{2,40})["']""")
_BEFORE = re.compile(rb"\A(?:[ \t\r\n]|\xef\xbb\xbf)+")
#: Encodings that a declaration may name. Others (UTF-7, escapes) are no ways to send XML.
_ALLOWED = re.compile(
    r"utf-?8|us-ascii|ascii|iso[-_]?8859[-_]\d+|latin[-_]?\d|l1|(windows|cp)[-_]?\d+|koi8-[ru]|mac-?roman"
    r"|utf-?16(-?[lb]e)?|utf-?32(-?[lb]e)?|gb18030|big5|shift_jis|euc-(jp|kr)",
    re.IGNORECASE,
)


def first_sign(source: Source) -> str:
    """The first character of the document that is no blank."""
    head = source.head(4096)
    name, mark = encoding_of(head, source.name)
    return head[mark : len(head) - len(head) % 4].decode(name, "replace").lstrip("\ufeff \t\r\n")[:1]


def encoding_of(head: bytes, name: str) -> tuple[str, int]:
    """The encoding of a document's first bytes and the length of its byte order mark. Raises DecodeError."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    for encoding in ("utf-16-le", "utf-16-be"):
        if head.startswith(("<".encode(encoding), "{".encode(encoding), "[".encode(encoding))):
            return encoding, 0
    found = _DECLARED.match(_BEFORE.sub(b"", head, count=1))
    declared = found[1].decode() if found else "utf-8"
    if not _ALLOWED.fullmatch(declared):
        raise DecodeError("the XML declares an encoding that is not read", where=name, found=declared)
    if declared.lower().startswith(("utf-16", "utf16", "utf-32", "utf32")):
        return "utf-8", 0  # the declaration itself was readable as bytes: it is wrong
    try:
        return codecs.lookup(declared).name, 0
    except LookupError as error:
        raise DecodeError("the XML declares an encoding that is unknown", where=name, found=declared) from error


class Utf8(AbstractContextManager["Utf8"]):
    """A document's bytes in UTF-8 without byte order mark, read forwards. Its own encoding declaration stays in the
    text: whoever parses it must say UTF-8. Blanks and marks before the first sign are left out, for no XML declaration may
    follow them. Raises DecodeError for bytes that are not of the declared encoding."""

    def __init__(self, source: Source) -> None:
        self._name = source.name
        encoding, mark = encoding_of(source.head(4096), source.name)
        self._file: IO[bytes] = source.path.open("rb")
        self._file.seek(mark)
        self._encoding = encoding
        plain = encoding in ("utf-8", "ascii")
        self._decoder: Any = None if plain else codecs.getincrementaldecoder(encoding)("strict")
        self._is_begun = False

    def read(self, size: int) -> bytes:
        """About `size` bytes, none at the end."""
        block = self._read(size)
        while not self._is_begun and block:
            if rest := _BEFORE.sub(b"", block, count=1):
                self._is_begun = True
                return rest
            block = self._read(size)
        return block

    def _read(self, size: int) -> bytes:
        if self._decoder is None:
            return self._file.read(size)
        try:
            while True:
                block = self._file.read(size)
                text = self._decoder.decode(block, final=not block)
                if text or not block:
                    return text.encode()
        except UnicodeError as error:
            raise DecodeError(f"the text is not {self._encoding}", where=self._name, found=str(error)) from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
