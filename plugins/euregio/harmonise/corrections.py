"""Declared corrections as SQL: a row is mended while the publisher still makes the mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from euregio.errors import DeclarationError
from euregio.storage.duck import identifier, literal, quoted


def mended_sql(corrections: Sequence[Any], columns: Sequence[str]) -> str:
    """A SELECT over `harmonised` that applies the corrections and notes each in `_fixes`.

    `corrections` have `id, match, set, expect, why` (declarations.corrections.Correction). Raises DeclarationError
    for a column that the table does not have.
    """
    changed: dict[str, str] = {}
    fixes = "_fixes"
    for item in corrections:
        for name in (*item.match, *item.set, *item.expect):
            if name not in columns:
                raise DeclarationError(
                    "no such column", where=f"correction {item.id}", found=name, expected=", ".join(columns)
                )
        holds = f"({_all(item.match)} AND {_all(item.expect)})"
        notes = []
        for name, value in item.set.items():
            was, now = identifier(name), literal(value)
            changed[name] = f"CASE WHEN {holds} THEN {now} ELSE {changed.get(name, was)} END"
            notes.append(
                f"{{'field': {quoted(name)}, 'was': CAST({was} AS VARCHAR), 'now': CAST({now} AS VARCHAR), 'why': {quoted(item.why)}}}"
            )
        fixes = f"CASE WHEN {holds} THEN list_concat({fixes}, [{', '.join(notes)}]) ELSE {fixes} END"
    if not changed:
        return "SELECT * FROM harmonised"
    replaced = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in changed.items())
    return f"SELECT * REPLACE ({replaced}, {fixes} AS _fixes) FROM harmonised"


def outdated(con: duckdb.DuckDBPyConnection, corrections: Sequence[Any]) -> list[str]:
    """Ids of corrections whose rows are there but no longer show the mistake: to be taken away."""
    if not corrections:
        return []
    asked = ", ".join(f"count(*) FILTER ({_all(c.match)} AND NOT {_all(c.expect)})" for c in corrections)
    row = con.execute(f"SELECT {asked} FROM harmonised").fetchone() or ()
    return [c.id for c, rows in zip(corrections, row, strict=True) if rows]


def _all(values: Mapping[str, Any]) -> str:
    return (
        "("
        + " AND ".join(f"{identifier(name)} IS NOT DISTINCT FROM {literal(value)}" for name, value in values.items())
        + ")"
    )
