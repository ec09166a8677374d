"""Map expectations as SQL: what makes one row fail. Each function is one expectation type of Great Expectations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from euregio.check.regex import re2_of
from euregio.check.text import (
    EXACT,
    Kind,
    Unsupported,
    all_of,
    any_of,
    bound_sql,
    literal_sql,
    missing_sql,
    name_sql,
    never_null,
    number_sql,
    take,
    text_sql,
    value_sql,
)

Kinds = dict[str, Kind]


@dataclass(frozen=True)
class RowTest:
    """`fails`: TRUE where the row fails; `skipped`: TRUE where it is not considered. Neither is ever NULL.

    `key`, for uniqueness only: the expressions that must differ from row to row; `fails` is then empty, because it
    takes more than one row to tell.
    """

    columns: tuple[str, ...]
    fails: str
    skipped: str
    key: tuple[str, ...] = ()


NEVER = "FALSE"
_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")


def not_be_null(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column = take(kwargs, ("column",), ("mostly",))("column")
    return RowTest((column,), missing_sql(column, kinds[column]), NEVER)


def be_null(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column = take(kwargs, ("column",), ("mostly",))("column")
    return RowTest((column,), f"(NOT {missing_sql(column, kinds[column])})", NEVER)


def be_between(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column = take(kwargs, ("column",), (*_BOUNDS, "mostly"))("column")
    return _column_test(column, kinds[column], _within(name_sql(column), kwargs, kinds[column]))


def value_lengths_to_be_between(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column = take(kwargs, ("column",), (*_BOUNDS, "mostly"))("column")
    _only(kinds, (column,), "text")
    return _column_test(column, "text", _within(f"length({name_sql(column)})", kwargs, "integer"))


def value_lengths_to_equal(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column", "value"), ("mostly",))
    _only(kinds, (get("column"),), "text")
    length = f"length({name_sql(get('column'))})"
    return _column_test(get("column"), "text", f"{length} = {literal_sql(get('value'), 'integer')}")


def be_in_set(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column, values = _set_of(kinds, kwargs)
    return _column_test(column, kinds[column], f"{name_sql(column)} IN ({values})")


def not_be_in_set(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column, values = _set_of(kinds, kwargs)
    return _column_test(column, kinds[column], f"{name_sql(column)} NOT IN ({values})")


def match_regex(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column", "regex"), ("mostly",))
    return _regex_test(kinds, get("column"), [get("regex")], any_of)


def not_match_regex(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column", "regex"), ("mostly",))
    return _regex_test(kinds, get("column"), [get("regex")], _none_of)


def match_regex_list(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column", "regex_list"), ("mostly", "match_on"))
    match_on = kwargs.get("match_on") or "any"
    if match_on not in ("any", "all"):
        raise Unsupported("match_on")
    return _regex_test(kinds, get("column"), get("regex_list"), any_of if match_on == "any" else all_of)


def not_match_regex_list(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column", "regex_list"), ("mostly",))
    return _regex_test(kinds, get("column"), get("regex_list"), _none_of)


def be_unique(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    column = take(kwargs, ("column",), ("mostly",))("column")
    _some_value_kind(kinds, (column,))
    return RowTest((column,), "", missing_sql(column, kinds[column]), (value_sql(column, kinds[column]),))


def compound_unique(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column_list",), ("mostly", "ignore_row_if"))
    columns = _columns(get("column_list"))
    _some_value_kind(kinds, columns)
    return RowTest(
        columns, "", _skipped_of(kinds, columns, kwargs), tuple(value_sql(column, kinds[column]) for column in columns)
    )


def unique_within_record(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column_list",), ("mostly", "ignore_row_if"))
    columns = _columns(get("column_list"))
    if len(columns) > 12:
        raise Unsupported("many columns")
    _comparable(kinds, columns)
    skipped = _skipped_of(kinds, columns, kwargs)
    values = [_as_number(value_sql(column, kinds[column]), kinds, columns) for column in columns]
    same = any_of(f"{left} IS NOT DISTINCT FROM {right}" for left, right in combinations(values, 2))
    return RowTest(columns, f"(NOT {skipped} AND {same})", skipped)


def sum_to_equal(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column_list", "sum_total"), ("mostly", "ignore_row_if"))
    columns = _columns(get("column_list"))
    # Up to seven addends numpy adds from left to right, as SQL does; beyond, the last digit of a double may differ.
    if len(columns) > 7:
        raise Unsupported("many columns")
    _only(kinds, columns, "integer", "double")
    kind: Kind = "double" if any(kinds[column] == "double" for column in columns) else "integer"
    to = "DOUBLE" if kind == "double" else "HUGEINT"
    total = " + ".join(f"({value_sql(column, kinds[column])})::{to}" for column in columns)
    skipped = _skipped_of(kinds, columns, kwargs)
    met = never_null(f"({total}) = {number_sql(get('sum_total'), kind)}")
    return RowTest(columns, f"(NOT {skipped} AND NOT {met})", skipped)


def a_greater_than_b(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column_A", "column_B"), ("mostly", "ignore_row_if", "or_equal"))
    columns = (get("column_A"), get("column_B"))
    _only(kinds, columns, "text", "integer", "double", "date", "timestamp", "instant")
    return _pair_test(kinds, kwargs, columns, ">=" if kwargs.get("or_equal") else ">")


def pair_equal(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column_A", "column_B"), ("mostly", "ignore_row_if"))
    return _pair_test(kinds, kwargs, (get("column_A"), get("column_B")), "=")


def pair_in_set(kinds: Kinds, kwargs: dict[str, Any]) -> RowTest:
    get = take(kwargs, ("column_A", "column_B", "value_pairs_set"), ("mostly", "ignore_row_if"))
    columns = (get("column_A"), get("column_B"))
    pairs = [tuple(pair) for pair in get("value_pairs_set")]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise Unsupported("no pairs")
    met = any_of(
        all_of(_is(column, kinds[column], value) for column, value in zip(columns, pair, strict=True)) for pair in pairs
    )
    skipped = _skipped_of(kinds, columns, kwargs)
    return RowTest(columns, f"(NOT {skipped} AND NOT {met})", skipped)


ROW_TYPES: dict[str, Callable[[Kinds, dict[str, Any]], RowTest]] = {
    "expect_column_values_to_not_be_null": not_be_null,
    "expect_column_values_to_be_null": be_null,
    "expect_column_values_to_be_between": be_between,
    "expect_column_value_lengths_to_be_between": value_lengths_to_be_between,
    "expect_column_value_lengths_to_equal": value_lengths_to_equal,
    "expect_column_values_to_be_in_set": be_in_set,
    "expect_column_values_to_not_be_in_set": not_be_in_set,
    "expect_column_values_to_match_regex": match_regex,
    "expect_column_values_to_not_match_regex": not_match_regex,
    "expect_column_values_to_match_regex_list": match_regex_list,
    "expect_column_values_to_not_match_regex_list": not_match_regex_list,
    "expect_column_values_to_be_unique": be_unique,
    "expect_compound_columns_to_be_unique": compound_unique,
    "expect_select_column_values_to_be_unique_within_record": unique_within_record,
    "expect_multicolumn_sum_to_equal": sum_to_equal,
    "expect_column_pair_values_a_to_be_greater_than_b": a_greater_than_b,
    "expect_column_pair_values_to_be_equal": pair_equal,
    "expect_column_pair_values_to_be_in_set": pair_in_set,
}


def _column_test(column: str, kind: Kind, met: str) -> RowTest:
    """Of the values that are not missing, those for which `met` does not hold fail."""
    guard = f" AND NOT isnan({name_sql(column)})" if kind == "double" else ""
    return RowTest((column,), never_null(f"NOT ({met}){guard}"), missing_sql(column, kind))


def _within(value: str, kwargs: dict[str, Any], kind: Kind) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None and high is None:
        raise Unsupported("no bound")
    if low is not None and high is not None and isinstance(low, str) == isinstance(high, str) and low > high:
        raise Unsupported("the lower bound is above the upper one")
    parts = []
    for bound, upper, strict in ((low, False, "strict_min"), (high, True, "strict_max")):
        if bound is not None:
            operator, literal = bound_sql(bound, kind, upper=upper, strict=bool(kwargs.get(strict)))
            parts.append(f"{value} {operator} {literal}")
    return all_of(parts)


def _set_of(kinds: Kinds, kwargs: dict[str, Any]) -> tuple[str, str]:
    get = take(kwargs, ("column", "value_set"), ("mostly",))
    if not isinstance(get("value_set"), list) or not get("value_set"):
        raise Unsupported("an empty set")
    return get("column"), ", ".join(literal_sql(value, kinds[get("column")]) for value in get("value_set"))


def _regex_test(kinds: Kinds, column: str, patterns: Any, joined: Callable[..., str]) -> RowTest:
    _only(kinds, (column,), "text")
    if not isinstance(patterns, list) or not patterns:
        raise Unsupported("no pattern")
    found = [f"regexp_full_match({name_sql(column)}, {text_sql(re2_of(pattern))})" for pattern in patterns]
    return _column_test(column, "text", joined(found))


def _pair_test(kinds: Kinds, kwargs: dict[str, Any], columns: tuple[str, ...], operator: str) -> RowTest:
    _comparable(kinds, columns)
    skipped = _skipped_of(kinds, columns, kwargs)
    left, right = (_as_number(value_sql(column, kinds[column]), kinds, columns) for column in columns)
    return RowTest(columns, f"(NOT {skipped} AND NOT {never_null(f'({left}) {operator} ({right})')})", skipped)


def _is(column: str, kind: Kind, value: Any) -> str:
    """One side of a pair; null in the set stands for a missing value."""
    if value is None:
        return missing_sql(column, kind)
    if kind in ("integer", "double") and isinstance(value, int | float) and abs(value) >= EXACT:
        raise Unsupported("a large number in a pair")
    return never_null(f"({value_sql(column, kind)}) = {literal_sql(value, kind)}")


def _skipped_of(kinds: Kinds, columns: tuple[str, ...], kwargs: dict[str, Any]) -> str:
    """`ignore_row_if` of pairs and of lists of columns, with Great Expectations' defaults."""
    missing = [missing_sql(column, kinds[column]) for column in columns]
    rule = kwargs.get("ignore_row_if") or "all_values_are_missing"
    if rule in ("both_values_are_missing", "all_values_are_missing"):
        return all_of(missing)
    if rule in ("either_value_is_missing", "any_value_is_missing"):
        return any_of(missing)
    if rule in ("neither", "never"):
        return NEVER
    raise Unsupported("ignore_row_if")


def _as_number(value: str, kinds: Kinds, columns: tuple[str, ...]) -> str:
    """An integer beside a double is compared as a double, as numpy does."""
    mixed = {kinds[column] for column in columns} == {"integer", "double"}
    return f"({value})::DOUBLE" if mixed else f"({value})"


def _comparable(kinds: Kinds, columns: tuple[str, ...]) -> None:
    found = {kinds[column] for column in columns}
    if "other" in found or (len(found) > 1 and found != {"integer", "double"}):
        raise Unsupported("columns of different types")


def _columns(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or len(names) < 2 or len(set(names)) != len(names):
        raise Unsupported("not a list of two or more columns")
    return tuple(names)


def _only(kinds: Kinds, columns: tuple[str, ...], *wanted: Kind) -> None:
    if not {kinds[column] for column in columns} <= set(wanted):
        raise Unsupported(f"not {' or '.join(wanted)}")


def _some_value_kind(kinds: Kinds, columns: tuple[str, ...]) -> None:
    _only(kinds, columns, "text", "integer", "double", "boolean", "date", "timestamp", "instant")


def _none_of(conditions: list[str]) -> str:
    return f"NOT {any_of(conditions)}"
