"""How names, values and types are written in DuckDB SQL, and what counts as missing in it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal

# Columns of the frame: they say where a record comes from and are no columns of the publisher's.
FRAME_COLUMNS = ("_file", "_record")

Kind = Literal["text", "integer", "double", "boolean", "date", "timestamp", "instant", "other"]

_KINDS: dict[str, Kind] = {
    "VARCHAR": "text",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "instant",
    "TIMESTAMPTZ": "instant",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), "integer"),
}
_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?"
_MOMENTS = {
    "date": re.compile(_DAY, re.ASCII),
    "timestamp": re.compile(f"{_DAY}({_TIME})?", re.ASCII),
    "instant": re.compile(rf"{_DAY}{_TIME}(Z|[+-]\d{{2}}:\d{{2}})", re.ASCII),
}
# Integers up to here are the same number in a double, and so is every comparison with them.
EXACT = 2**53


class Unsupported(Exception):
    """This expectation, with these arguments on this type, has no SQL that is sure to agree: Great Expectations runs it."""


def is_day(value: Any) -> bool:
    """Whether a bound is a day in text, 2024-01-31."""
    return isinstance(value, str) and bool(_MOMENTS["date"].fullmatch(value))


def kind_of(duckdb_type: str) -> Kind:
    """What an expectation may do with values of a DuckDB type: `other` can only be null or not."""
    return _KINDS.get(duckdb_type.upper(), "other")


def name_sql(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def text_sql(value: str) -> str:
    if "\x00" in value:
        raise Unsupported("a NUL character")
    return "'" + value.replace("'", "''") + "'"


def missing_sql(column: str, kind: Kind) -> str:
    """TRUE where a value is missing, never NULL. NaN is missing, as in pandas; an empty text and infinity are values."""
    name = name_sql(column)
    return f"({name} IS NULL OR isnan({name}))" if kind == "double" else f"({name} IS NULL)"


def value_sql(column: str, kind: Kind) -> str:
    """The value, with NaN as NULL."""
    name = name_sql(column)
    return f"CASE WHEN NOT isnan({name}) THEN {name} END" if kind == "double" else name


def number_sql(value: Any, kind: Kind) -> str:
    """A number as a literal that an `integer` or `double` column compares with as Python does.

    From 2^53 on Great Expectations itself turns bounds into doubles and loses the last digits: such are Unsupported.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unsupported("not a finite number")
    if abs(value) >= EXACT and (kind == "integer" or isinstance(value, int)):
        raise Unsupported("a number that a double does not hold")
    if kind == "double":
        return f"{float(value)!r}::DOUBLE"
    if isinstance(value, float) and not value.is_integer():
        raise Unsupported("a fraction beside integers")
    return f"{int(value)}"


def literal_sql(value: Any, kind: Kind) -> str:
    """A value of a set as a literal of the column's kind. Raises Unsupported where the kinds differ."""
    if kind == "text" and isinstance(value, str):
        return text_sql(value)
    if kind == "boolean" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if kind in ("integer", "double"):
        if kind == "integer" and not isinstance(value, int):
            raise Unsupported("not an integer")
        return number_sql(value, kind)
    raise Unsupported(f"{type(value).__name__} beside {kind}")


def bound_sql(value: Any, kind: Kind, *, upper: bool, strict: bool) -> tuple[str, str]:
    """Operator and literal for `column <operator> literal`, TRUE where the value is within the bound."""
    operator = ("<" if upper else ">") + ("" if strict else "=")
    if kind == "integer" and isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        # Between two integers there is only one place for a fraction: the comparison stays exact in integers.
        return (operator[0] + "=", number_sql(math.floor(value) if upper else math.ceil(value), kind))
    if kind in ("integer", "double"):
        return operator, number_sql(value, kind)
    if kind in _MOMENTS and isinstance(value, str) and _MOMENTS[kind].fullmatch(value):
        type_ = {"date": "DATE", "timestamp": "TIMESTAMP", "instant": "TIMESTAMPTZ"}[kind]
        return operator, f"{type_} {text_sql(value)}"
    raise Unsupported(f"a bound of {type(value).__name__} on {kind}")


def any_of(conditions: Iterable[str]) -> str:
    return "(" + " OR ".join(conditions) + ")"


def all_of(conditions: Iterable[str]) -> str:
    return "(" + " AND ".join(conditions) + ")"


def never_null(condition: str) -> str:
    return f"coalesce({condition}, FALSE)"


def take(kwargs: dict[str, Any], required: Iterable[str], optional: Iterable[str] = ()) -> Callable[[str], Any]:
    """A getter over arguments whose names are all known. Raises Unsupported for one that is not (row_condition …)."""
    required = tuple(required)
    if unknown := set(kwargs) - {*required, *optional}:
        raise Unsupported(f"argument {sorted(unknown)[0]}")
    if absent := [name for name in required if kwargs.get(name) is None]:
        raise Unsupported(f"no argument {absent[0]}")
    return kwargs.get
