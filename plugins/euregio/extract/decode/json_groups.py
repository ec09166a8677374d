"""Records in groups, `[{"RecordList": [...], "Operator": "x"}, ...]`: a file of records for each group, and what is said of it.

DuckDB must hold one element of an array whole, and a group may be the whole feed: so the inner arrays are cut out as
bytes. What stands around them in the group is small and may come after them.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from euregio.errors import DecodeError
from euregio.extract.decode.json_scan import blank_end, find_end, open_object
from euregio.extract.decode.plain import Source

_WINDOW = 256 * 1024
_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True)
class Group:
    """The records of one group as a file, and the group's other members."""

    path: Path
    around: dict[str, Any]


def groups(source: Source, path: Path, inner: str) -> list[Group]:
    """The groups of the array in `path`, whose records are under the key `inner`; empty where it holds no such key.

    Groups without the key, or with null or an empty array there, hold no records. Raises DecodeError where the bytes
    are cut off or are no JSON.
    """
    found = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = _starts(data, inner)
        if starts and not _is_list_of_groups(data, inner, starts[0]):
            return []
        for number, start in enumerate(starts):
            last = number + 1 == len(starts)
            border = len(data) if last else starts[number + 1]
            if data[start : start + 1] not in (b"[", b"{"):
                continue
            end, around = _end(source, data, start, border, inner, last)
            before = _before(data, start, inner)
            out = source.scratch / f"{path.name}-group-{number}"
            with out.open("wb") as cut:
                for place in range(start, end, _CHUNK):
                    cut.write(data[place : min(place + _CHUNK, end)])
            found.append(Group(out, before | around))
    return found


def _starts(data: mmap.mmap, inner: str) -> list[int]:
    """The places of the values of the key. In valid JSON a quoted word before a colon is a key."""
    word = b'"' + inner.encode() + b'"'
    starts, place = [], data.find(word)
    while place >= 0:
        colon = re.compile(rb"\s*:\s*").match(data, place + len(word))
        if colon:
            starts.append(colon.end())
        place = data.find(word, place + len(word))
    return starts


def _is_list_of_groups(data: mmap.mmap, inner: str, start: int) -> bool:
    """Whether the key belongs to the first element itself, and not to something inside a record."""
    head = data[: min(len(data), start + 2)].decode("latin-1") if start < _WINDOW else ""
    first = blank_end(head, 0)
    first = blank_end(head, first + 1) if head[first : first + 1] == "[" else first
    if head[first : first + 1] != "{":
        return False
    try:
        return open_object(head, first, lambda key, _: key == inner)[1] == start
    except ValueError:
        return False


def _end(
    source: Source, data: mmap.mmap, start: int, border: int, inner: str, last: bool
) -> tuple[int, dict[str, Any]]:
    """Where the value ends that begins at `start`, and the members after it in its group. The next value, if there is
    one, begins at `border`: its key stands in between."""
    tail_start = max(start, border - _WINDOW)
    tail = data[tail_start:border].decode("latin-1")
    close = "]" if data[start : start + 1] == b"[" else "}"

    def closes(text: str, place: int) -> bool:
        place = blank_end(text, place)
        if last:
            return text[place:].strip() in ("]", "")
        opened = blank_end(text, place + 1)
        if text[place : place + 1] != "," or text[opened : opened + 1] != "{":
            return False
        try:  # the next group's key is the last of the text, its value begins at the border
            return open_object(text, opened, lambda key, sign: key == inner and not sign)[1] == len(text)
        except ValueError:
            return False

    found = find_end(tail, close, 1, 0, closes)
    if found is None:
        raise DecodeError("the file is cut off or is no JSON", where=source.name, do="Fetch it again.")
    return tail_start + found[0], found[1]


def _before(data: mmap.mmap, start: int, inner: str) -> dict[str, Any]:
    """The members before the key in its group."""
    head = data[max(0, start - 4096) : start + 1].decode("latin-1")
    for place in (match.start() for match in re.finditer(r"\{", head)):
        try:
            members, found = open_object(head, place, lambda key, _: key == inner)
        except ValueError:
            continue
        if found == len(head) - 1:
            return members
    return {}
