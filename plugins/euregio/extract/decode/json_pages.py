"""Where the records of a JSON document are: in a bare list, in an envelope, or in several envelopes one after another."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from euregio.errors import DecodeError
from euregio.extract.decode.json_mend import mended
from euregio.extract.decode.json_scan import blank_end, find_end, open_object
from euregio.extract.decode.json_text import mapped, utf8_file, words
from euregio.extract.decode.plain import Source

#: How much of the beginning and of the end is looked at to find an envelope.
_WINDOW = 1024 * 1024
_CHUNK = 4 * 1024 * 1024
#: Pages in one file. The largest feed known has 90 000 locations; publishers give 100 and more on a page.
MAX_PAGES = 5000
_SAYS = ("status_message", "error_description", "message", "detail", "title", "error", "errors", "fault", "exception")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|([\[\]{}])', re.DOTALL)
_LIST, _OBJECT = b"[{"
_BETWEEN = re.compile(rb"(?:[ \t\r\n,]|\xef\xbb\xbf)*")


@dataclass(frozen=True)
class Payload:
    """The records of a document as a file, and the members of the envelopes around them (empty where there is none)."""

    path: Path
    around: dict[str, Any]


@dataclass(frozen=True)
class _Part:
    """A value in the file: its first byte, its byte after the last, and the members around it."""

    start: int
    end: int
    around: dict[str, Any]


@dataclass(frozen=True)
class _Finder:
    """Looks for payloads in one file. `keys` are in lower case."""

    source: Source
    data: mmap.mmap
    keys: frozenset[str]
    record: tuple[str, ...]

    def parts(self, start: int, end: int, depth: int = 0) -> Iterator[_Part]:
        """The payloads of the one value that begins at `start` and ends before `end`. Raises DecodeError."""
        part = self._payload(start, end) if self.data[start] == _OBJECT else _Part(start, end, {})
        if not self._holds_pages(part):
            yield part
            return
        if depth > 2:
            raise DecodeError("lists in lists in lists", where=self.source.name, expected="a list of records")
        for page_start, page_end in self.values(part.start + 1, inside=True):
            for page in self.parts(page_start, page_end, depth + 1):
                yield _Part(page.start, page.end, {**part.around, **page.around})

    def values(self, start: int, *, inside: bool = False) -> Iterator[tuple[int, int]]:
        """Lists and objects one after another, from `start` to the end of the file, or (`inside`) of the list that is
        open there. Raises DecodeError where it is cut off, or something else stands between them."""
        depth, opened, last = 0, start, start
        for match in _TOKEN.finditer(self.data, start):
            if match.lastindex is None:
                if depth:
                    continue
                raise self._broken(last)
            if match[1] in b"[{":
                if depth == 0:
                    opened = match.start()
                    self._nothing_between(last, opened)
                depth += 1
                continue
            depth -= 1
            if depth < 0:
                if inside and match[1] == b"]":
                    self._nothing_between(last, match.start())
                    return
                raise self._broken(match.start())
            if depth == 0:
                last = match.end()
                yield opened, last
        if depth or inside:
            raise DecodeError("the file is cut off or is no JSON", where=self.source.name, do="Fetch it again.")
        self._nothing_between(last, len(self.data))

    def is_record(self, start: int) -> bool:
        """Whether an object begins at `start` that holds no payload."""
        return self.data[start] == _OBJECT and not self._is_envelope(self._head(start), 0, but_for=())

    def _is_envelope(self, head: str, start: int, but_for: Sequence[str]) -> bool:
        """Whether the object holds a payload, and no key of `but_for`."""
        try:
            level = {key.lower() for key in open_object(head, start, lambda _key, _sign: False)[0]}
        except ValueError:
            return False
        return not self.keys.isdisjoint(level) and level.isdisjoint(key.lower() for key in but_for)

    def _holds_pages(self, part: _Part) -> bool:
        if self.data[part.start] != _LIST:
            return False
        head = self._head(part.start, part.end)
        first = blank_end(head, 1)
        return head[first : first + 1] == "[" or (
            head[first : first + 1] == "{" and self._is_envelope(head, first, self.record)
        )

    def _head(self, start: int, end: int | None = None) -> str:
        return self.data[start : min(len(self.data) if end is None else end, start + _WINDOW)].decode("latin-1")

    def _payload(self, start: int, end: int) -> _Part:
        """The payload of the envelope that begins at `start`; the object itself where that is a record."""
        head = self._head(start, end)
        around: dict[str, Any] = {}
        level: dict[str, Any] = {}
        depth, inner = 0, 0
        name = self.source.name
        while depth < 4 and head[inner] == "{":
            try:
                level, place = open_object(
                    head, inner, lambda key, sign: key.lower() in self.keys and sign in ("[", "{")
                )
            except ValueError as error:
                raise DecodeError("this is not JSON", where=name, found=words(head[inner : inner + 60])) from error
            if place is None:
                break
            around.update(level)
            depth, inner = depth + 1, place
        if depth == 0:
            self._refuse_error(level, payload=False)
            if any(key.lower() in self.keys for key in level) or not any(key in level for key in self.record):
                raise DecodeError(
                    "neither a list of records nor a record", where=name,
                    found=f"an object with {', '.join(list(level)[:8]) or 'no keys'}",
                    expected=f"an array, or an object with {' or '.join(sorted(self.keys))}",
                )  # fmt: skip
            return _Part(start, end, {})
        tail_start = max(start + inner, end - _WINDOW)
        tail = self.data[tail_start:end].decode("latin-1")
        found = find_end(tail, "]" if head[inner] == "[" else "}", depth, 0)
        if found is None:
            raise DecodeError("the file is cut off or is no JSON", where=name, do="Fetch it again.")
        close, after = found
        around.update(after)
        self._refuse_error(around, payload=True)
        if head[inner] == "{" and not any(key in level for key in self.record):
            raise DecodeError(
                "the envelope holds no records", where=name, found=f"an object with {', '.join(list(level)[:8])}"
            )
        return _Part(start + inner, tail_start + close, around)

    def _refuse_error(self, level: dict[str, Any], *, payload: bool) -> None:
        """Raise where the envelope says that there was an error: an OCPI status code from 2000, an OICP one that is not
        000, or an error and no data."""
        code = str(level.get("status_code", ""))
        says = next((level[key] for key in _SAYS if level.get(key)), None)
        failed = _number(code) >= 2000
        oicp = level.get("StatusCode")
        if isinstance(oicp, dict) and _number(str(oicp.get("Code", ""))) > 0:
            code, says, failed = str(oicp["Code"]), oicp.get("Description") or oicp.get("AdditionalInfo"), True
        if not payload and says is not None and not any(key in level for key in self.record):
            failed = True
        if failed:
            raise DecodeError(
                "the publisher answers with an error", where=self.source.name,
                found=words(f"{code} {says if says is not None else ''}"), do="Ask the publisher, or fetch again.",
            )  # fmt: skip

    def _nothing_between(self, start: int, end: int) -> None:
        if not _BETWEEN.fullmatch(self.data, start, end):
            raise self._broken(start)

    def _broken(self, place: int) -> DecodeError:
        found = words(self.data[place : place + 60].decode("utf-8", "replace"))
        return DecodeError("the file is cut off or is no JSON", where=self.source.name, found=found)


def payloads(source: Source, keys: Sequence[str], record: Sequence[str], thorough: bool = False) -> list[Payload]:
    """Files with nothing but records (an array, one object, or objects one after another) for DuckDB's read_json.

    The document may be that already, or an envelope whose payload is under one of `keys` (compared without case), at
    most three envelopes deep, or several such documents: as the elements of a list, or one after another. `record`
    names keys of which a single record has at least one. The payload is copied as bytes; where there is no envelope
    the file itself is given.

    What comes after the first of several documents, and what only looks like JSON (see `json_mend`), is not looked for
    at once, because it costs a pass over all bytes: DuckDB refuses such a file, and then it is asked for (`thorough`).

    Raises DecodeError for what is no JSON, for `null`, `{}`, an envelope without payload, an error message in an
    envelope (it is quoted), and a document that is cut off.
    """
    path = utf8_file(source)
    if thorough:
        path = mended(source, path)
    data = mapped(path)
    head = data[:_WINDOW].decode("latin-1")
    first = blank_end(head, 0)
    sign = head[first : first + 1]
    if sign not in ("[", "{"):
        what = "the document is JSON null" if head[first:].strip() == "null" else "this is not JSON"
        raise DecodeError(what, where=source.name, found=words(head[first : first + 60]), expected="[ or {")
    finder = _Finder(source, data, frozenset(key.lower() for key in keys), tuple(record))
    parts = _parts(finder, first, thorough)
    if len(parts) > MAX_PAGES:
        raise DecodeError("more pages than is plausible", where=source.name, found=len(parts), expected=MAX_PAGES)
    if len(parts) == 1 and parts[0].start == first and parts[0].end >= len(data):
        return [Payload(path, {})]
    return [Payload(_cut(source, path, data, part, number), part.around) for number, part in enumerate(parts)]


def _number(text: str) -> int:
    """A status code as a number, 0 where it is none."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _parts(finder: _Finder, first: int, thorough: bool) -> list[_Part]:
    if not thorough or finder.is_record(first):
        try:
            return list(finder.parts(first, len(finder.data)))
        except DecodeError:
            if thorough or len(list(finder.values(first))) < 2:
                raise
    return [part for start, end in finder.values(first) for part in finder.parts(start, end)]


def _cut(source: Source, path: Path, data: mmap.mmap, part: _Part, number: int) -> Path:
    """The bytes of a part as a file of their own."""
    out = source.scratch / f"{path.name}-page-{number}"
    with out.open("wb") as cut:
        for place in range(part.start, part.end, _CHUNK):
            cut.write(data[place : min(place + _CHUNK, part.end)])
    return out
