"""Expectations on a whole table or column: the SQL aggregates that they need, and their judgement in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from euregio.check.rows import Kinds
from euregio.check.text import FRAME_COLUMNS, Kind, Unsupported, bound_sql, literal_sql, missing_sql, name_sql, take

Found = tuple[bool, Any]
_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
# Beyond this the square of a value leaves the doubles, and DuckDB's variance raises.
_SQUARABLE = "1e150"


class Deferred(Exception):
    """Seen from the values, SQL is not sure to agree: Great Expectations runs the rule."""


@dataclass(frozen=True)
class Measure:
    """`values`: name → SQL aggregate; `judge` takes them and gives success and the value observed. May raise Deferred."""

    columns: tuple[str, ...]
    values: dict[str, str]
    judge: Callable[[dict[str, Any]], Found]


def column_to_exist(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    get = take(kwargs, ("column",), ("column_index",))
    names, index = _publisher_columns(kinds), get("column_index")
    at = range(len(names)) if not index else range(len(names))[index : index + 1 or None]
    found = any(names[place] == get("column") for place in at)
    return Measure((), {}, lambda _: (found, None))


def columns_to_match_set(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    take(kwargs, ("column_set",), ("exact_match",))
    names, wanted = _publisher_columns(kinds), set(kwargs["column_set"])
    exact = kwargs.get("exact_match", True)
    met = set(names) == wanted if exact or exact is None else wanted <= set(names)
    return Measure((), {}, lambda _: (met, sorted(names)))


def columns_to_match_ordered_list(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    take(kwargs, ("column_list",))
    names = _publisher_columns(kinds)
    return Measure((), {}, lambda _: (names == list(kwargs["column_list"]), names))


def column_count_to_be_between(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    take(kwargs, (), ("min_value", "max_value"))
    _whole_bounds(kwargs)
    count = len(_publisher_columns(kinds))
    return Measure((), {}, lambda _: _judged(count, kwargs))


def column_count_to_equal(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    wanted = take(kwargs, ("value",))("value")
    count = len(_publisher_columns(kinds))
    return Measure((), {}, lambda _: (count == wanted, count))


def row_count_to_be_between(_kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    take(kwargs, (), _BOUNDS)
    _whole_bounds(kwargs)
    return Measure((), {"rows": "count(*)"}, lambda v: _judged(v["rows"], kwargs))


def row_count_to_equal(_kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    wanted = take(kwargs, ("value",))("value")
    return Measure((), {"rows": "count(*)"}, lambda v: (v["rows"] == wanted, v["rows"]))


def column_min(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _extreme(kinds, kwargs, "min")


def column_max(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _extreme(kinds, kwargs, "max")


def column_mean(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _number(kinds, kwargs, "avg({})")


def column_sum(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    """The sum; of no values 0, as in pandas."""
    column, kind = _numeric(kinds, kwargs)
    zero = "0.0::DOUBLE" if kind == "double" else "0::HUGEINT"
    values = {"sum": f"coalesce(sum({name_sql(column)}) FILTER (NOT {missing_sql(column, kind)}), {zero})"}

    def judge(found: dict[str, Any]) -> Found:
        if kind == "integer" and abs(found["sum"]) >= 2**53:
            raise Deferred
        return _judged(found["sum"], kwargs)

    return Measure((column,), values, judge)


def column_median(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _number(kinds, kwargs, "median({}::DOUBLE)", largest="1e307")


def column_stdev(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _number(kinds, kwargs, "stddev_samp({}::DOUBLE)", largest=_SQUARABLE)


def unique_value_count(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    column, kind = _counted(kinds, kwargs)
    return Measure((column,), {"distinct": _distinct(column, kind)}, lambda v: _judged(v["distinct"], kwargs))


def proportion_of_unique_values(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    column, kind = _counted(kinds, kwargs)
    values = {"distinct": _distinct(column, kind), "given": f"count(*) FILTER (NOT {missing_sql(column, kind)})"}
    return Measure((column,), values, lambda v: _judged(v["distinct"] / v["given"] if v["given"] else 0, kwargs))


def distinct_values_in_set(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _distinct_against(kinds, kwargs, lambda found: not found["others"])


def distinct_values_contain_set(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _distinct_against(kinds, kwargs, lambda found: found["known"] == found["wanted"])


def distinct_values_equal_set(kinds: Kinds, kwargs: dict[str, Any]) -> Measure:
    return _distinct_against(kinds, kwargs, lambda found: not found["others"] and found["known"] == found["wanted"])


MEASURE_TYPES: dict[str, Callable[[Kinds, dict[str, Any]], Measure]] = {
    "expect_column_to_exist": column_to_exist,
    "expect_table_columns_to_match_set": columns_to_match_set,
    "expect_table_columns_to_match_ordered_list": columns_to_match_ordered_list,
    "expect_table_column_count_to_be_between": column_count_to_be_between,
    "expect_table_column_count_to_equal": column_count_to_equal,
    "expect_table_row_count_to_be_between": row_count_to_be_between,
    "expect_table_row_count_to_equal": row_count_to_equal,
    "expect_column_min_to_be_between": column_min,
    "expect_column_max_to_be_between": column_max,
    "expect_column_mean_to_be_between": column_mean,
    "expect_column_sum_to_be_between": column_sum,
    "expect_column_median_to_be_between": column_median,
    "expect_column_stdev_to_be_between": column_stdev,
    "expect_column_unique_value_count_to_be_between": unique_value_count,
    "expect_column_proportion_of_unique_values_to_be_between": proportion_of_unique_values,
    "expect_column_distinct_values_to_be_in_set": distinct_values_in_set,
    "expect_column_distinct_values_to_contain_set": distinct_values_contain_set,
    "expect_column_distinct_values_to_equal_set": distinct_values_equal_set,
}


def _publisher_columns(kinds: Kinds) -> list[str]:
    return [name for name in kinds if name not in FRAME_COLUMNS]


def _extreme(kinds: Kinds, kwargs: dict[str, Any], function: str) -> Measure:
    column = take(kwargs, ("column",), _BOUNDS)("column")
    kind = kinds[column]
    if kind not in ("integer", "double", "date", "timestamp"):
        raise Unsupported(f"the {function} of {kind}")
    _one_bound(kwargs)
    for name in ("min_value", "max_value"):
        if kwargs.get(name) is not None:
            bound_sql(kwargs[name], kind, upper=name == "max_value", strict=False)  # refuses a bound of another type
    values = {function: f"{function}({name_sql(column)}) FILTER (NOT {missing_sql(column, kind)})"}
    return Measure((column,), values, lambda v: _judged(v[function], kwargs))


def _number(kinds: Kinds, kwargs: dict[str, Any], aggregate: str, largest: str | None = None) -> Measure:
    """An aggregate of a numeric column. Beyond `largest` in size the rule is deferred."""
    column, kind = _numeric(kinds, kwargs)
    given, name = f"NOT {missing_sql(column, kind)}", name_sql(column)
    values = {"value": f"{aggregate.format(name)} FILTER ({given})"}
    if largest and kind == "double":
        small = f"abs({name}) <= {largest}"
        values = {
            "value": f"{aggregate.format(name)} FILTER ({given} AND {small})",
            "large": f"count(*) FILTER ({given} AND NOT ({small}))",
        }

    def judge(found: dict[str, Any]) -> Found:
        if found.get("large"):
            raise Deferred
        return _judged(found["value"], kwargs)

    return Measure((column,), values, judge)


def _numeric(kinds: Kinds, kwargs: dict[str, Any]) -> tuple[str, Kind]:
    column = take(kwargs, ("column",), _BOUNDS)("column")
    if kinds[column] not in ("integer", "double"):
        raise Unsupported("not a number")
    _one_bound(kwargs)
    for name in ("min_value", "max_value"):
        if kwargs.get(name) is not None and (
            isinstance(kwargs[name], bool) or not isinstance(kwargs[name], int | float)
        ):
            raise Unsupported("a bound that is no number")
    return column, kinds[column]


def _counted(kinds: Kinds, kwargs: dict[str, Any]) -> tuple[str, Kind]:
    column = take(kwargs, ("column",), _BOUNDS)("column")
    if kinds[column] == "other":
        raise Unsupported("values that may not be comparable")
    _one_bound(kwargs)
    return column, kinds[column]


def _distinct(column: str, kind: Kind) -> str:
    return f"count(DISTINCT {name_sql(column)}) FILTER (NOT {missing_sql(column, kind)})"


def _distinct_against(kinds: Kinds, kwargs: dict[str, Any], met: Callable[[dict[str, Any]], bool]) -> Measure:
    get = take(kwargs, ("column", "value_set"))
    column, kind = get("column"), kinds[get("column")]
    if not isinstance(get("value_set"), list) or not get("value_set"):
        raise Unsupported("an empty set")
    literals = ", ".join(dict.fromkeys(literal_sql(value, kind) for value in get("value_set")))
    wanted, name, given = len(set(get("value_set"))), name_sql(column), f"NOT {missing_sql(column, kind)}"
    values = {
        "known": f"count(DISTINCT {name}) FILTER ({given} AND {name} IN ({literals}))",
        "others": f"count(*) FILTER ({given} AND {name} NOT IN ({literals}))",
    }
    return Measure((column,), values, lambda v: (met({**v, "wanted": wanted}), None))


def _one_bound(kwargs: dict[str, Any]) -> None:
    if kwargs.get("min_value") is None and kwargs.get("max_value") is None:
        raise Unsupported("no bound")


def _whole_bounds(kwargs: dict[str, Any]) -> None:
    _one_bound(kwargs)
    if any(
        not isinstance(kwargs.get(name, 0), int) and kwargs[name] is not None for name in ("min_value", "max_value")
    ):
        raise Unsupported("a bound that is no whole number")


def _judged(observed: Any, kwargs: dict[str, Any]) -> Found:
    """Whether a value lies between the bounds. A missing value (of an empty column, or NaN) does not, as in GX."""
    if observed is None or observed != observed:
        return False, None
    low, high = (_like(observed, kwargs.get(name)) for name in ("min_value", "max_value"))
    above = low is None or (observed > low if kwargs.get("strict_min") else observed >= low)
    below = high is None or (observed < high if kwargs.get("strict_max") else observed <= high)
    return bool(above and below), observed


def _like(observed: Any, bound: Any) -> Any:
    """A bound in text as the date or time that it is compared with."""
    if isinstance(bound, str) and isinstance(observed, datetime):
        found = datetime.fromisoformat(bound)
        return found if isinstance(found, datetime) else datetime.combine(found, time())
    return date.fromisoformat(bound) if isinstance(bound, str) and isinstance(observed, date) else bound
