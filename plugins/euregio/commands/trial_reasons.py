"""Why rows of a tried file were kept back: each reason with its fields, what was expected, and what the file says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from euregio.check.suite import Rule, load_suite
from euregio.declarations.reasons import KEY, load_reasons
from euregio.declarations.tables import Table
from euregio.stages import EXPECTATIONS, suite_of
from euregio.storage.duck import identifier, quoted

#: So many rows show what a reason means, with so many of the publisher's own fields, of so many characters.
EXAMPLES, _FIELDS, _LONGEST = 3, 4, 80


@dataclass(frozen=True)
class Example:
    """A row that was kept back: its record in the file (from 1) and point in the record; values as the row has them, and
    as the file has them, by the publisher's own path."""

    record: int
    point: int
    row: dict[str, Any]
    file: dict[str, str]


@dataclass(frozen=True)
class Finding:
    """A reason: how many rows of which table, the fields that it is about, what was expected, and the first rows."""

    table: str
    reason: str
    rows: int
    fields: list[str]
    expected: str
    examples: list[Example] = field(default_factory=list)


def findings(
    con: duckdb.DuckDBPyConnection,
    format_name: str,
    table: Table,
    rows: Path,
    decoded: Path,
    reasons: Mapping[str, int],
) -> list[Finding]:
    """A finding for each of `reasons` of the harmonised `rows` of `table`, most frequent first."""
    path = EXPECTATIONS / "formats" / f"{format_name}.json"
    of_format = {rule.reason: rule for rule in (load_suite(path).rules if path.is_file() else ())}
    of_table = {rule.reason: rule for rule in suite_of(table).rules}
    columns = [name for name, *_ in con.execute(f"DESCRIBE FROM read_parquet({quoted(str(rows))})").fetchall()]
    records = f"(SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _record FROM read_parquet({quoted(str(decoded))}, file_row_number = true))"
    found = []
    for reason, count in reasons.items():
        own, published, expected = _about(reason, of_format.get(reason), of_table.get(reason), table)
        kept = [name for name in own if name in columns]
        seen = con.execute(
            f"""SELECT _record, _point, {{{", ".join(f"{quoted(name)}: {identifier(name)}" for name in kept) or "'_': NULL"}}}
                FROM read_parquet({quoted(str(rows))}) WHERE list_contains(_reasons, ?) ORDER BY _record, _point LIMIT {EXAMPLES}""",
            [reason],
        ).fetchall()
        texts = dict(
            con.execute(
                f"SELECT _record, to_json(one) FROM {records} AS one WHERE _record IN ({', '.join(str(int(r)) for r, *_ in seen) or 'NULL'})"
            ).fetchall()
        )
        examples = [
            Example(
                int(record), int(point or 1), {name: values[name] for name in kept if values[name] is not None},
                _published(json.loads(texts.get(record) or "{}"), published, int(point or 1)),
            )
            for record, point, values in seen
        ]  # fmt: skip
        rule = of_format.get(reason)
        fields = (
            kept
            or sorted({_plain(path) for one in examples for path in one.file})
            or list(_columns(rule) if rule else ())
        )
        found.append(Finding(table.name, reason, count, fields, expected, examples))
    return found


def _about(
    reason: str, of_format: Rule | None, of_table: Rule | None, table: Table
) -> tuple[tuple[str, ...], re.Pattern[str] | None, str]:
    """The row's columns that a reason is about, a pattern of the publisher's names for them, and what is expected."""
    known = load_reasons()
    if declared := known.reasons.get(reason):
        fields = tuple(name for one in declared.fields for name in (table.key if one == KEY else (one,)))
        return fields, known.pattern(fields), declared.says
    rule = of_table or of_format
    if rule is None:
        return (), None, reason.replace("_", " ")
    columns = _columns(rule)
    if of_table:
        return columns, known.pattern(columns), rule.title
    # the format's rules speak of the publisher's own fields
    return (), re.compile("|".join(f"^{re.escape(name)}($|[.[])" for name in columns)), rule.title


def _columns(rule: Rule) -> tuple[str, ...]:
    named = [rule.kwargs.get(key) for key in ("column", "column_A", "column_B")] + list(
        rule.kwargs.get("column_list") or ()
    )
    return tuple(str(name) for name in named if name)


def _published(record: dict[str, Any], pattern: re.Pattern[str] | None, point: int) -> dict[str, str]:
    """The publisher's own fields that match, by path; of lists of points first those of the row's own."""
    if pattern is None:
        return {}
    leaves = [
        (not _is_of(path, point), number, path, text)
        for number, (path, text) in enumerate(_leaves(record))
        if not path.startswith("_") and pattern.search(path if pattern.pattern.startswith("^") else _last(path))
    ]
    return {path: text[:_LONGEST] for _, _, path, text in sorted(leaves)[:_FIELDS]}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a record with its path, `evses[2].connectors[1].standard`; lists are counted from 1."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _leaves(inner, f"{path}[{number}]")
    elif value is not None and value != "":
        yield path, str(value)


def _last(path: str) -> str:
    """The last two names of a path: a latitude's own name may be no more than `value`."""
    return ".".join(re.sub(r"\[\d+\]", "", path).split(".")[-2:])


def _is_of(path: str, point: int) -> bool:
    first = re.search(r"\[(\d+)\]", path)
    return first is None or int(first[1]) == point


def _plain(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)
