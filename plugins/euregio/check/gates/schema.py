"""Schema drift: fields of the records that were filled and are empty now, came anew, or hold another kind of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from euregio.check.gates.finding import Finding
from euregio.declarations.gates import GateLimits
from euregio.storage.duck import identifier, quoted

#: A field counts as in use from this share of its places on, and from so many values.
_IN_USE, _FEW = 0.05, 20
#: Of a field's texts this share is of one kind, or is not.
_MOST, _SOME = 0.95, 0.5
_KINDS = {
    "number": "TRY_CAST(replace({x}, ',', '.') AS DOUBLE) IS NOT NULL",
    "date": "regexp_matches({x}, '^([0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}|[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-][0-9]{{2,4}})')",
    "truth value": "lower({x}) IN ('true', 'false', 'yes', 'no', 'oui', 'non', 'ja', 'nein', 'vrai', 'faux', 'wahr', 'falsch')",
}


@dataclass(frozen=True)
class _Filled:
    places: int
    values: int

    @property
    def share(self) -> float:
        return self.values / self.places if self.places else 0.0

    @property
    def in_use(self) -> bool:
        return self.values >= _FEW and self.share >= _IN_USE


def schema_drift(
    con: duckdb.DuckDBPyConnection, before: Sequence[Path], now: Sequence[Path], limits: GateLimits | None = None
) -> list[Finding]:
    """Compare the decoded files of two batches (Parquet): fields lost and retyped block, fields that came do not.

    How full a field is comes from the files' statistics, nested fields included; nothing is read but a first part, to
    tell of which kind the texts are.
    """
    limits = limits or GateLimits()
    old, new = _fields(con, before), _fields(con, now)
    lost = [
        name for name, field in old.items()
        if field.in_use and new.get(name, _Filled(0, 0)).share < field.share * limits.emptied
    ]  # fmt: skip
    came = [name for name, field in new.items() if field.in_use and not old.get(name, _Filled(0, 0)).values]
    findings = []
    for name in lost:
        heirs = [other for other in came if abs(new[other].share - old[name].share) < 0.1]
        perhaps = f", perhaps now in {' or '.join(heirs[:3])}" if heirs else ""
        is_now = new.get(name, _Filled(0, 0)).share
        what = f"{name} was filled in {old[name].share:.0%} and is in {is_now:.0%}{perhaps}"
        figures = {
            "field": name,
            "change": "lost",
            "share_before": old[name].share,
            "share_now": is_now,
            "heirs": heirs[:3],
        }
        findings.append(Finding("schema", what, True, figures))
    for name in came:
        figures = {"field": name, "change": "added", "share_now": new[name].share}
        findings.append(Finding("schema", f"{name} came anew, filled in {new[name].share:.0%}", False, figures))
    both = [name for name in old if name in new and old[name].in_use and new[name].in_use and name not in lost]
    kinds_before, kinds_now = _kinds(con, before, both), _kinds(con, now, both)
    for name in both:
        for kind in _KINDS:
            was, is_ = kinds_before.get(name, {}).get(kind), kinds_now.get(name, {}).get(kind)
            if was is not None and is_ is not None and was >= _MOST and is_ < _SOME:
                what = f"{name} held a {kind} in {was:.0%} and does in {is_:.0%}"
                figures = {"field": name, "change": "retyped", "kind": kind, "share_before": was, "share_now": is_}
                findings.append(Finding("schema", what, True, figures))
    return findings


def _fields(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> dict[str, _Filled]:
    """Each field's places and values, by its name (`evses.connectors.standard`), from the Parquet footers."""
    rows = con.execute(
        "SELECT path_in_schema, sum(num_values), sum(least(stats_null_count, num_values)) "
        f"FROM parquet_metadata([{_list(files)}]) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {
        _name(path): _Filled(int(places), int(places - empty))
        for path, places, empty in rows
        if empty is not None and not path.startswith("_")
    }


def _kinds(
    con: duckdb.DuckDBPyConnection, files: Sequence[Path], fields: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """Share of the texts of each field that are of each kind, from the first 20 000 records (of lists: their first)."""
    source = f"(SELECT * FROM read_parquet([{_list(files)}], union_by_name = true) LIMIT 20000)"
    columns = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    texts = {
        name: path
        for column, type_, *_ in columns
        for name, path in _texts(column, identifier(column), type_)
        if name in fields
    }
    if not texts:
        return {}
    shares = ", ".join(
        f"avg(CASE WHEN {path} IS NOT NULL THEN CAST({test.format(x=path)} AS INTEGER) END)"
        for path in texts.values()
        for test in _KINDS.values()
    )
    found = iter(con.execute(f"SELECT {shares} FROM {source}").fetchone() or ())
    return {name: {kind: next(found) for kind in _KINDS} for name in texts}


def _texts(name: str, path: str, type_: str) -> Iterator[tuple[str, str]]:
    """Fields of type text in a DuckDB type, with their SQL paths; of a list its first element."""
    if type_ == "VARCHAR":
        yield name, path
    elif type_.endswith("[]"):
        yield from _texts(name, f"({path})[1]", type_[:-2])
    elif type_.startswith("STRUCT(") and type_.endswith(")"):
        for field, inner in _struct_fields(type_[len("STRUCT(") : -1]):
            yield from _texts(f"{name}.{field}", f"{path}.{identifier(field)}", inner)


def _struct_fields(inside: str) -> Iterator[tuple[str, str]]:
    depth, start, in_name = 0, 0, False
    for place, sign in enumerate(inside + ","):
        in_name ^= sign == '"'
        if in_name:
            continue
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            found = re.fullmatch(r'\s*(?:"((?:[^"]|"")+)"|(\S+))\s+(.*)', inside[start:place], re.DOTALL)
            if found:
                yield (found[1] or "").replace('""', '"') or found[2], found[3]
            start = place + 1


def _name(path: str) -> str:
    return path.replace(", list, element", "").replace(", ", ".")


def _list(files: Sequence[Path]) -> str:
    return ", ".join(quoted(str(file)) for file in files)
