"""Rows for a terminal: fields below one another, rows beside one another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from euregio.errors import harmless

#: The least that a row's column is worth: a postal address, an EVSE id.
_COLUMN = 26


def as_json(value: Any) -> str:
    """As JSON; characters that would steer the terminal are written out."""
    return harmless(json.dumps(value, default=str, ensure_ascii=False))


def side_by_side(rows: list[dict[str, Any]], width: int) -> Iterator[str]:
    """Lines of rows that have the same fields: as many beside one another as `width` characters have room for, values cut
    to fit, fields without a value left out."""
    names = [name for name in rows[0] if any(row.get(name) not in (None, []) for row in rows)]
    label = max(len(name) for name in names) + 4
    beside = max(1, min(len(rows), (width - label) // _COLUMN))
    column = max(_COLUMN, (width - label) // beside)
    for first in range(0, len(rows), beside):
        if first:
            yield ""
        group = rows[first : first + beside]
        for name in names:
            cells = [_cell(row.get(name), column - 2) for row in group]
            if any(cells):
                yield f"  {name:{label - 2}}{'  '.join(f'{cell:{column - 2}}' for cell in cells)}".rstrip()


def _cell(value: Any, width: int) -> str:
    if value in (None, []):
        return ""
    text = as_json(value)
    text = text[1:-1] if text.startswith('"') else text
    return text if len(text) <= width else text[: width - 1] + "…"
