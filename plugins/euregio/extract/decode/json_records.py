"""Records of JSON documents: a big array as a file for DuckDB, or elements one by one where a format nests."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from euregio.errors import DecodeError
from euregio.extract.decode.json_scan import DepthGuard, blank_end, find_end, open_object
from euregio.extract.decode.plain import Source

if TYPE_CHECKING:
    import duckdb

#: How much of the beginning and of the end is looked at to find an envelope.
_WINDOW = 1024 * 1024
_CHUNK = 4 * 1024 * 1024
_KEYS = re.compile(rb'"([A-Za-z][A-Za-z0-9_-]*)"([ \t\r\n]*):')
_SAYS = ("status_message", "error_description", "message", "detail", "title", "error", "errors", "fault", "exception")


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


def array_file(source: Source, keys: Sequence[str], record: Sequence[str]) -> Path:
    """The file of `payload`, for readers that need nothing of the envelope."""
    return payload(source, keys, record).path


def payload(source: Source, keys: Sequence[str], record: Sequence[str]) -> Payload:
    """A file with nothing but records (an array, one object, or objects one after another) for DuckDB's read_json.

    The document may be that already, or an envelope whose payload is under one of `keys` (compared without case), at
    most three envelopes deep. `record` names keys of which a single record has at least one. The payload is copied
    as bytes; where there is no envelope the file itself is given.

    Raises DecodeError for what is no JSON, for `null`, `{}`, an envelope without payload, an error message in an
    envelope (it is quoted), and a document that is cut off.
    """
    path = utf8_file(source)
    with path.open("rb") as file:
        head = file.read(_WINDOW).decode("latin-1")
    first = blank_end(head, 0)
    sign = head[first : first + 1]
    if sign == "[":
        return Payload(path, {})
    if sign != "{":
        what = "the document is JSON null" if head[first:].strip() == "null" else "this is not JSON"
        raise DecodeError(what, where=source.name, found=_words(head[first : first + 60]), expected="[ or {")
    part = _payload(source, path, head, first, [key.lower() for key in keys], record)
    return Payload(path, {}) if part is None else Payload(_cut(source, path, part), part.around)


def read(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Mapping[str, str],
    also: Mapping[str, str] | None = None,
) -> duckdb.DuckDBPyRelation:
    """A relation over a file of records with declared columns (name to DuckDB type), `also` (name to SQL expression
    over them) and `_odd`.

    `_odd` is null, or the record's text where a value has not the declared shape (a text for an object, a number in a
    list of objects, a key twice): the misshapen value is null then. The common case pays nothing for that: only
    where DuckDB refuses the file, it is read a second time with care.
    """
    shape = "{" + ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in columns.items()) + "}"
    names = ", ".join(f'"{name}"' for name in columns)
    more = "".join(f", {sql} AS {name}" for name, sql in (also or {}).items())
    source.second_try.append(lambda: _read_with_care(con, path, columns, more))
    return con.sql(
        f"SELECT {names}{more}, NULL::VARCHAR AS _odd FROM read_json({_quoted(path)}, format = {_layout(path)}, columns = {shape})"
    )


def _read_with_care(
    con: duckdb.DuckDBPyConnection, path: Path, columns: Mapping[str, str], more: str
) -> duckdb.DuckDBPyRelation:
    """The relation of `read` at twice its cost: misshapen values become null and their record is kept in `_odd`."""
    struct = "STRUCT(" + ", ".join(f'"{name}" {kind}' for name, kind in columns.items()) + ")"
    wanted = con.sql(f"SELECT NULL::{struct} AS record").types[0]
    odd = " OR ".join(["json_type(json) <> 'OBJECT'", *_shape_tests("$", wanted)])
    fields = ", ".join(f'record."{name}" AS "{name}"' for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return con.sql(
        f"SELECT {names}{more}, _odd FROM (SELECT {fields}, CASE WHEN coalesce({odd}, true) THEN json::VARCHAR END AS _odd"
        f" FROM (SELECT json, json_transform(json, {_quoted(json.dumps(_structure(wanted)))}) AS record"
        f" FROM read_json_objects({_quoted(path)}, format = {_layout(path)})))"
    )


def _structure(kind: Any) -> Any:
    """A DuckDB type as the structure that json_transform wants."""
    if kind.id == "struct":
        return {name: _structure(child) for name, child in kind.children}
    return [_structure(kind.children[0][1])] if kind.id == "list" else str(kind)


def _shape_tests(place: str, kind: Any) -> Iterator[str]:
    """SQL conditions over the column `json`, true where the value at `place` (a JSON path) is no such struct or list."""
    if kind.id not in ("struct", "list"):
        return
    wanted, path = ("OBJECT" if kind.id == "struct" else "ARRAY"), _quoted(place)
    if "[*]" in place:
        yield f"len(list_filter(json_type(json, {path}), lambda t: t NOT IN ('{wanted}', 'NULL'))) > 0"
    elif place != "$":
        yield f"coalesce(json_type(json, {path}) NOT IN ('{wanted}', 'NULL'), false)"
    if kind.id == "list":
        yield from _shape_tests(place + "[*]", kind.children[0][1])
        return
    if "[*]" in place:
        yield f"len(list_filter(json_keys(json, {path}), lambda k: len(k) <> len(list_distinct(k)))) > 0"
    else:
        yield f"coalesce(len(json_keys(json, {path})) <> len(list_distinct(json_keys(json, {path}))), false)"
    for name, child in kind.children:
        yield from _shape_tests(f'{place}."{name}"', child)


def _layout(path: Path) -> str:
    """read_json's word for the file: told, not guessed, so that an array that goes wrong is not read as something else."""
    with path.open("rb") as file:
        return "'array'" if file.read(4096).lstrip().startswith(b"[") else "'unstructured'"


def text_sql(text: object) -> str:
    """An SQL expression of a text, or of null."""
    return f"CAST({_quoted(text)} AS VARCHAR)" if isinstance(text, str) else "CAST(NULL AS VARCHAR)"


def _quoted(text: object) -> str:
    """An SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def respelled(source: Source, path: Path, names: Sequence[str]) -> Path:
    """The file with keys that are `names` in another writing (postalCode, PostalCode, postal-code) written as in `names`.

    The file itself where its beginning shows no such key. Sound on bytes: in valid JSON a quoted word before a colon
    is a key.
    """
    wanted = {_bare(name): name for name in names}
    with path.open("rb") as file:
        found = set(_KEYS.findall(file.read(_WINDOW)))
    swaps = []
    for key, blanks in sorted(found):
        name = wanted.get(_bare(key.decode()))
        if name and name != key.decode():
            swaps.append((b'"' + key + b'"' + blanks + b":", b'"' + name.encode() + b'":'))
    if not swaps:
        return path
    out = source.scratch / f"{path.name}-respelled"
    with path.open("rb") as file, out.open("wb") as plain:
        left = b""
        while chunk := file.read(_CHUNK):
            chunk = left + chunk
            cut = chunk.rfind(b",") + 1  # no key, blank or colon in which a cut could fall holds a comma before its end
            chunk, left = chunk[:cut], chunk[cut:]
            for old, new in swaps:
                chunk = chunk.replace(old, new)
            plain.write(chunk)
        for old, new in swaps:
            left = left.replace(old, new)
        plain.write(left)
    return out


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def iterate(source: Source, *paths: str) -> Iterator[dict[str, Any]]:
    """Elements at dotted paths (`data.items[]`, `[]` for a bare array, `` for the document), one at a time.

    Where several paths are given the first that holds an element is taken. Numbers are int or float. Memory is
    bounded by one element. Raises DecodeError for bytes that are no JSON, for nesting beyond MAX_DEPTH, and for
    elements that are no objects.
    """
    import ijson

    path = utf8_file(source)
    for wanted in paths:
        prefix = wanted.replace("[]", ".item").strip(".")
        found = False
        try:
            with path.open("rb") as file:
                for element in ijson.items(DepthGuard(file), prefix, use_float=True):
                    if not isinstance(element, dict):
                        raise DecodeError("a record is no object", where=source.name, found=repr(element)[:60])
                    found = True
                    yield element
        except (ijson.JSONError, ValueError, UnicodeDecodeError) as error:
            raise DecodeError(
                "the file is cut off or is no JSON", where=source.name, found=_words(str(error)), do="Fetch it again."
            ) from error
        if found:
            return


def utf8_file(source: Source) -> Path:
    """The source's file where it is UTF-8 without mark, else such a copy (from UTF-16 or UTF-32, or without mark)."""
    head = source.head(4)
    name = None
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        name = "utf-32"
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    elif head.startswith(codecs.BOM_UTF8):
        name = "utf-8-sig"
    elif head[1:2] == b"\0" and head[:1] != b"\0":
        name = "utf-16-le"
    elif head[:1] == b"\0" and head[1:2] != b"\0":
        name = "utf-16-be"
    if name is None:
        return source.path
    out = source.scratch / "utf8.json"
    try:
        with source.path.open(encoding=name, newline="") as text, out.open("w", encoding="utf-8", newline="") as plain:
            while chunk := text.read(_CHUNK):
                plain.write(chunk)
    except UnicodeError as error:
        raise DecodeError(f"the text is not {name}", where=source.name, found=_words(str(error))) from error
    return out


def _payload(source: Source, path: Path, head: str, start: int, keys: list[str], record: Sequence[str]) -> _Part | None:
    """The payload of the envelope that begins at `start`; None where the document itself is the record."""
    around: dict[str, Any] = {}
    level: dict[str, Any] = {}
    depth, inner = 0, start
    while depth < 4 and head[inner] == "{":
        try:
            level, place = open_object(head, inner, lambda key, sign: key.lower() in keys and sign in ("[", "{"))
        except ValueError as error:
            raise DecodeError("this is not JSON", where=source.name, found=_words(head[inner : inner + 60])) from error
        if place is None:
            break
        around.update(level)
        depth, inner = depth + 1, place
    if depth == 0:
        _refuse_error(source, level, payload=False, record=record)
        if any(key.lower() in keys for key in level) or not any(key in level for key in record):
            raise DecodeError(
                "neither a list of records nor a record", where=source.name,
                found=f"an object with {', '.join(list(level)[:8]) or 'no keys'}",
                expected=f"an array, or an object with {' or '.join(keys)}",
            )  # fmt: skip
        return None
    size = path.stat().st_size
    tail_start = max(inner, size - _WINDOW)
    with path.open("rb") as file:
        file.seek(tail_start)
        tail = file.read().decode("latin-1")
    found = find_end(tail, "]" if head[inner] == "[" else "}", depth, 0)
    if found is None:
        raise DecodeError("the file is cut off or is no JSON", where=source.name, do="Fetch it again.")
    end, after = found
    around.update(after)
    _refuse_error(source, around, payload=True, record=record)
    if head[inner] == "{" and not any(key in level for key in record):
        raise DecodeError(
            "the envelope holds no records", where=source.name, found=f"an object with {', '.join(list(level)[:8])}"
        )
    return _Part(inner, tail_start + end, around)


def _refuse_error(source: Source, level: dict[str, Any], *, payload: bool, record: Sequence[str]) -> None:
    """Raise where the envelope says that there was an error: an OCPI status code from 2000, or an error and no data."""
    code = str(level.get("status_code", ""))
    says = next((level[key] for key in _SAYS if level.get(key)), None)
    failed = code.isdigit() and int(code) >= 2000
    if not payload and says is not None and not any(key in level for key in record):
        failed = True
    if failed:
        raise DecodeError(
            "the publisher answers with an error", where=source.name,
            found=_words(f"{code} {says if says is not None else ''}"), do="Ask the publisher, or fetch again.",
        )  # fmt: skip


def _cut(source: Source, path: Path, part: _Part) -> Path:
    """The bytes of a part as a file of their own."""
    out = source.scratch / "payload.json"
    with path.open("rb") as file, out.open("wb") as cut:
        file.seek(part.start)
        left = part.end - part.start
        while left:
            chunk = file.read(min(left, _CHUNK))
            cut.write(chunk)
            left -= len(chunk)
    return out


def _words(text: str) -> str:
    return " ".join(text.split())[:160]
