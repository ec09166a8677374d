"""A trial as lines for a terminal: the tables, why rows were kept back with what the file says, what was put right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from euregio.commands.side_by_side import as_json, side_by_side
from euregio.commands.trial import Given, Trial
from euregio.commands.trial_reasons import Example, Finding
from euregio.declarations.tables import load_table
from euregio.errors import DeclarationError

#: Rows of a table that is not the one asked for.
_FEW = 2


def lines_of(trial: Trial, name: str, table: str | None = None, width: int = 120) -> Iterator[str]:
    """The lines. `name` is the file's, `table` the only table to show, `width` the terminal's: rows' values are cut to fit it.

    Raises DeclarationError for a table that the file does not give.
    """
    if table is not None and table not in trial.tables:
        raise DeclarationError(
            "the file gives no such table", where="--table", found=table, expected=", ".join(trial.tables)
        )
    yield f"{name}: {trial.records:,} records of {trial.format}, {trial.rows:,} rows of {trial.table}"
    if load_table(trial.table).has("latitude_deg", "nuts3_code"):
        yield f"  places are checked against {trial.places}"
    widest = max(len(one) for one in trial.tables)
    yield ""
    for one, given in trial.tables.items():
        yield f"  {one:{widest}}  {_counts(given)}"
    for rule in trial.rules:
        if rule["severity"] == "info":
            yield f"  noted: {rule['title']}: not so in {rule['failed']:,} of {rule['evaluated']:,} records ({rule['reason']})"
    yield from _findings([one for one in trial.findings if table in (None, one.table)])
    yield from _corrected([one for one in trial.corrections if table in (None, one["table"])])
    for one, given in trial.tables.items():
        if table in (None, one) and given.sample:
            shown = given.sample if one in (table, trial.table) else given.sample[:_FEW]
            yield ""
            yield (
                f"The first {len(shown)} of {given.rows:,} rows of {one}"
                if given.rows > len(shown)
                else f"All rows of {one}"
            )
            yield from side_by_side(shown, width)


def _counts(given: Given) -> str:
    if given.refused:
        return f"refused: {given.refused}"
    if given.derived_from:
        return f"{given.rows:>9,} rows, made of those of {given.derived_from} that are not kept back"
    return f"{given.rows:>9,} rows: {given.admitted:,} admitted, {given.corrected:,} corrected, {given.quarantined:,} quarantined"


def _findings(found: list[Finding]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield "Why rows were kept back (a row can have several reasons)"
    for one in found:
        yield f"  {one.rows:>9,}  {one.reason}, {one.table}" + (f": {', '.join(one.fields)}" if one.fields else "")
        yield f"{'':13}expected: {one.expected}"
        yield from (f"{'':13}{_example(example)}" for example in one.examples)


def _example(example: Example) -> str:
    place = f"record {example.record}" + (f", point {example.point}" if example.point > 1 else "")
    row = ", ".join(f"{name} = {_value(value)}" for name, value in example.row.items())
    file = ", ".join(f"{path} = {_value(text)}" for path, text in example.file.items())
    parts = ([row] if row else []) + ([f"in the file: {file}"] if file else [])
    return f"{place}: {'; '.join(parts) if parts else 'nothing is given'}"


def _corrected(corrections: list[dict[str, Any]]) -> Iterator[str]:
    if not corrections:
        return
    yield ""
    yield "What was put right"
    for one in corrections:
        yield f"  {one['rows']:>9,}  {one['field']}, {one['table']}: {one['why']}"
        yield f"{'':13}record {one['record']}: {_value(one['was'])} became {_value(one['now'])}"


def _value(value: Any) -> str:
    return "nothing" if value is None else as_json(value)
