"""Small steps over JSON bytes, for readers that must find a part of a document without parsing all of it.

Text is held as latin-1, one character for a byte, so that places in the text are places in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate
from typing import IO, Any

#: Formats of this kind nest 5 to 20 levels. More than this is an attack on whoever walks the tree.
MAX_DEPTH = 120
#: Of a number, or of its part in one chunk. Python makes no integers of more than 4300 digits.
MAX_DIGITS = 1000

_BLANK = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r'[ \t\r\n]*"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\r\n]*:[ \t\r\n]*')
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_ENDLESS = re.compile(rb"[0-9]{%d}" % MAX_DIGITS)
_NO_BRACKET = bytes(sorted(set(range(256)) - set(b"[]{}")))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_PARSE = json.JSONDecoder(strict=False).raw_decode


def open_object(text: str, start: int, payload: Callable[[str, str], bool]) -> tuple[dict[str, Any], int | None]:
    """The members of the object that begins at `start`, up to the first that `payload(key, first character)` picks.

    Gives the members passed and the place of the picked value, or None where none was picked before the object or
    the text ended. A last member whose value is cut off by the text's end has the value None. Raises ValueError
    where this is no JSON.
    """
    found: dict[str, Any] = {}
    place = blank_end(text, start + 1)
    if text[place : place + 1] == "}":
        return found, None
    while key := _KEY.match(text, place):
        name = _written(key[1])
        if payload(name, text[key.end() : key.end() + 1]):
            return found, key.end()
        found[name] = None
        try:
            found[name], place = value(text, key.end())
        except ValueError:
            return found, None
        place = blank_end(text, place)
        if text[place : place + 1] != ",":
            break
        place += 1
    if place < len(text) and text[place] not in '}"':
        raise ValueError("no key and no end of the object")
    return found, None


def value(text: str, start: int) -> tuple[Any, int]:
    """The value at `start`, its texts as the file means them, and the place where it ends. Raises ValueError (also
    where it nests too deep)."""
    try:
        found, end = _PARSE(text, start)
        written = text[start:end]
        return (found if written.isascii() else _PARSE(_written(written))[0]), end
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _written(text: str) -> str:
    """What bytes that are held as latin-1 say: JSON is UTF-8. A byte that is not stays visible as U+FFFD."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


def blank_end(text: str, start: int) -> int:
    """The first place from `start` on that holds no blank."""
    return _BLANK.match(text, start).end()  # type: ignore[union-attr]  # matches nothing too


def find_end(
    tail: str, close: str, depth: int, first: int, closes: Callable[[str, int], bool] | None = None
) -> tuple[int, dict[str, Any]] | None:
    """Where in the document's last part a value ends that begins before it, at `depth` open objects.

    `close` is the value's closing bracket. Gives the place after it and the members that follow it in the open
    objects, or None. Sound for valid JSON: after the value there is nothing but members of the open objects and
    their closing brackets, and no bracket inside a string or a deeper value is followed by just that. `closes(tail,
    place)` says whether the text may end as it does after the last open object; by default there are only blanks.
    """
    done = closes or (lambda text, place: blank_end(text, place) == len(text))
    failed: set[int] = set()
    place = tail.find(close, first)
    while place >= 0:
        if place + 1 not in failed:
            rest = _rest(tail, place + 1, depth, failed, done)
            if rest is not None:
                return place + 1, rest
        place = tail.find(close, place + 1)
    return None


def _rest(
    tail: str, place: int, depth: int, failed: set[int], done: Callable[[str, int], bool]
) -> dict[str, Any] | None:
    """The members from `place` to the end of the document. Places passed in vain go to `failed`, so that no text is
    read twice for the same reason."""
    found: dict[str, Any] = {}
    passed = [place]
    while depth:
        place = blank_end(tail, place)
        sign = tail[place : place + 1]
        if sign == "}":
            depth, place = depth - 1, place + 1
            continue
        key = _KEY.match(tail, place + 1) if sign == "," else None
        if not key:
            break
        try:
            found[_written(key[1])], place = value(tail, key.end())
        except ValueError:
            break
        passed.append(place)
    if depth == 0 and done(tail, place):
        return found
    failed.update(passed)
    return None


class DepthGuard:
    """A file for a streaming parser that stops at nesting deeper than MAX_DEPTH, before the parser sees it.

    Parsers keep a path of open keys: nested deep, that takes memory with the square of the depth. It also stops at
    numbers of thousands of digits: yajl's binding ends the process where Python refuses to make one. Raises ValueError.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._depth, self._open = file, 0, b""

    def read(self, size: int = 65536) -> bytes:
        """The next bytes of the file."""
        chunk = self._file.read(size)
        bare = _STRING.sub(b"", self._open + chunk)
        quote = bare.find(b'"')
        self._open = b""
        if quote >= 0:  # a string goes on in the next chunk; what matters of it is whether its end is escaped
            inside, bare = bare[quote + 1 :], bare[:quote]
            self._open = b'"\\' if (len(inside) - len(inside.rstrip(b"\\"))) % 2 else b'"'
        if _ENDLESS.search(bare):
            raise ValueError(f"a number of more than {MAX_DIGITS} digits")
        brackets = bare.translate(None, _NO_BRACKET)
        if brackets:
            depths = list(accumulate(map(_STEP.__getitem__, brackets), initial=self._depth))
            if max(depths) > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
            self._depth = depths[-1]
        return chunk
