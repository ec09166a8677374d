"""Records of JSON documents as a relation: files of records for DuckDB's reader, whatever the case of their keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from euregio.extract.decode.plain import Source

if TYPE_CHECKING:
    import duckdb

#: How much of the beginning is looked at for the writing of keys.
_WINDOW = 1024 * 1024
_CHUNK = 4 * 1024 * 1024
_KEYS = re.compile(rb'"([A-Za-z][A-Za-z0-9_-]*)"([ \t\r\n]*):')

#: Files of records, each with what else is said of them: name to SQL expression over the columns. Asked with False, and
#: with True (thoroughly) where DuckDB refuses what came of that.
Parts = Callable[[bool], Sequence[tuple[Path, Mapping[str, str]]]]


def read(
    source: Source, con: duckdb.DuckDBPyConnection, columns: Mapping[str, str], parts: Parts
) -> duckdb.DuckDBPyRelation:
    """A relation over files of records with declared columns (name to DuckDB type), what else `parts` says, and `_odd`.

    `_odd` is null, or the record's text where a value has not the declared shape (a text for an object, a number in a
    list of objects, a key twice): the misshapen value is null then. The common case pays nothing for that: only
    where DuckDB refuses the file, it is read a second time with care.
    """
    shape = "{" + ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in columns.items()) + "}"
    names = ", ".join(f'"{name}"' for name in columns)
    found = parts(False)
    source.second_try.append(
        lambda: _together([_read_with_care(con, path, columns, _more(also)) for path, also in parts(True)])
    )
    return _together([
        con.sql(
            f"SELECT {names}{_more(also)}, NULL::VARCHAR AS _odd"
            f" FROM read_json({_quoted(path)}, format = {_layout(path)}, columns = {shape})"
        )
        for path, also in found
    ])  # fmt: skip


def _more(also: Mapping[str, str]) -> str:
    return "".join(f", {sql} AS {name}" for name, sql in also.items())


def _together(relations: list[duckdb.DuckDBPyRelation]) -> duckdb.DuckDBPyRelation:
    """All relations one after another. Pairs of pairs: DuckDB's plans nest no deeper than the number's logarithm."""
    while len(relations) > 1:
        pairs = [relations[i : i + 2] for i in range(0, len(relations), 2)]
        relations = [pair[0].union(pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return relations[0]


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


def respelled(source: Source, path: Path, names: Sequence[str], other: Mapping[str, str] | None = None) -> Path:
    """The file with keys that are `names` in another writing (postalCode, PostalCode, postal-code) written as in `names`.

    `other` are other words for some of the names (lat for latitude): they count where the name itself does not occur.
    The file itself where its beginning shows no such key. Sound on bytes: in valid JSON a quoted word before a colon
    is a key.
    """
    wanted = {_bare(name): name for name in names}
    with path.open("rb") as file:
        found = set(_KEYS.findall(file.read(_WINDOW)))
    written = {_bare(key.decode()) for key, _ in found}
    wanted |= {word: name for word, name in (other or {}).items() if _bare(name) not in written}
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
