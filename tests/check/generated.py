"""Data and rules made from a seed, on which the compiler and Great Expectations must agree."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from typing import Any

import duckdb

from euregio.check.suite import Rule, Suite

COLUMNS = {
    "s": "VARCHAR",
    "t": "VARCHAR",
    "key": "VARCHAR",
    "nothing": "VARCHAR",
    "small": "INTEGER",
    "other": "BIGINT",
    "full": "BIGINT",
    "big": "BIGINT",
    "holed": "BIGINT",
    "d": "DOUBLE",
    "e": "DOUBLE",
    "f": "DOUBLE",
    "nans": "DOUBLE",
    "yes": "BOOLEAN",
    "no": "BOOLEAN",
    "day": "DATE",
    "day2": "DATE",
    "at": "TIMESTAMP",
    "at2": "TIMESTAMP",
    "seen": "TIMESTAMP WITH TIME ZONE",
    "seen2": "TIMESTAMP WITH TIME ZONE",
    "tags": "VARCHAR[]",
    'odd "name"': "VARCHAR",
}
TEXTS = [
    None, "", " ", "  \t", "a", "A", "ab", "abc", "a\n", "a\n\n", "\n", "a\r\n", "é", "é", "ﬁ", "ß", "ẞ", "İ",
    "🚗", "👩‍👩‍👧", "نص", "٣٤", "１２", "12", "-12", "1.5", "007", "x_y", "x-y", "x y", "NaN", "nan", "None", "null",
    "DE*ABC*E1", "DEABCE1", "O'Hara", 'say "x"', "a[b]", "back\\slash", "\u00a0", "\u2028", "\ufeffbom", "\x1f", "ǆ",
    "Å", "中文", "²", "Ⅷ", "z" * 300,
]  # fmt: skip
DOUBLES = [
    None, math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.30000000000000004, 0.3, 1.5, 2.5, 50.0, 150.0,
    1e308, -1e308, 5e-324, 2.0**53, 1e15 + 0.3,
]  # fmt: skip
BIGS = [-(2**63), 2**63 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 0, 1, -1, 7]
PATTERNS = [
    "a", "^a", "a$", "^a$", "^$", r"^\s*$", r"\S", r"\d", r"^\d+$", r"^\w+$", r"\W", r"\D", r"^.$", "^.{2,3}$", "a.",
    "[^a]", "^[^a-z]*$", "[A-Za-z0-9_]+$", "^(DE|FR)", r"^[A-Z]{2}\*?[A-Z0-9]{3}\*?E", "(ab|a)c?$", r"^-?\d+(\.\d+)?$",
    r"\Aa\Z", "[ßẞ]", "É|é", "🚗", "^🚗?$", r"[\s\x00-\x1f]", r"\\", r"\[", "'", "a*?", "(?:x[_-]){1}y", "", "^(a|b$)",
    r"[\d.]", r"[^\w ]", "中+", "٣", r"[\[\]]", r"^[^\[]*$", "[:;*]", "[a[]",
]  # fmt: skip

# Types with many ways to differ get more rules.
WEIGHTS = {"column_values_to_be_between": 2, "column_values_to_match_regex": 4, "column_values_to_be_in_set": 2}


def table_of(seed: int, rows: int, con: duckdb.DuckDBPyConnection) -> None:
    """Fill the table `data` with `_file`, `_record` and one row per record."""
    rng = random.Random(seed)
    con.execute(
        "CREATE OR REPLACE TABLE data (_file VARCHAR, _record BIGINT, "
        + ", ".join('"' + name.replace('"', '""') + f'" {type_}' for name, type_ in COLUMNS.items())
        + ")"
    )
    if rows:
        con.executemany(
            f"INSERT INTO data VALUES (?, ?, {', '.join('?' * len(COLUMNS))})",
            [("f", record, *_row(rng, record).values()) for record in range(1, rows + 1)],
        )


def _row(rng: random.Random, record: int) -> dict[str, Any]:
    def sometimes(value: Any, share: float = 0.2) -> Any:
        return None if rng.random() < share else value

    text, number = rng.choice(TEXTS), rng.randint(-5, 5)
    day = date(1700, 1, 1) + timedelta(days=rng.randrange(0, 180_000, 977))
    moment = datetime(2024, 1, 1) + timedelta(hours=rng.randrange(0, 2000), microseconds=rng.choice([0, 1, 999_999]))
    instant = moment.replace(tzinfo=timezone(timedelta(hours=rng.choice([0, 1, -5]))))
    ordinary = rng.choice([0.1, 0.2, 0.30000000000000004, 22.0, 50.0, -3.25, 7.0])
    return {
        "s": text,
        "t": text if rng.random() < 0.5 else rng.choice(TEXTS),
        "key": sometimes(f"k{record % 97 if rng.random() < 0.3 else record * 31}", 0.1),
        "nothing": None,
        "small": sometimes(number),
        "other": sometimes(number if rng.random() < 0.5 else rng.randint(-5, 5)),
        "full": rng.randint(-3, 9),
        "big": rng.choice(BIGS),
        "holed": sometimes(rng.choice([2**53 + 1, 2**53, 3, 4, 4]), 0.3),
        "d": rng.choice(DOUBLES),
        "e": rng.choice([None, math.nan, ordinary, float(number)]),
        "f": ordinary,
        "nans": math.nan,
        "yes": sometimes(rng.random() < 0.5),
        "no": rng.random() < 0.5,
        "day": sometimes(day),
        "day2": sometimes(day if rng.random() < 0.3 else day + timedelta(days=rng.randint(-2, 2))),
        "at": sometimes(moment),
        "at2": sometimes(moment if rng.random() < 0.3 else moment + timedelta(seconds=rng.randint(-2, 2))),
        "seen": sometimes(instant),
        "seen2": sometimes(instant if rng.random() < 0.3 else instant + timedelta(hours=rng.randint(-2, 2))),
        "tags": sometimes(rng.choice([[], ["a"], ["a", None]])),
        'odd "name"': rng.choice(TEXTS),
    }


def suite_of(seed: int, most: int) -> Suite:
    """Rules of every compiled type with arguments drawn from the seed, all warnings, at `most` so many of a type."""
    rng = random.Random(seed + 1000)
    rules: list[Rule] = []
    drawn, taken = _arguments(rng), Counter[str]()
    rng.shuffle(drawn)
    for name, arguments in drawn:
        taken[name] += 1
        if taken[name] > most * WEIGHTS.get(name, 1):
            continue
        kwargs = {key: value for key, value in arguments.items() if value is not None}
        if rng.random() < 0.3 and name in MOSTLY:
            kwargs["mostly"] = rng.choice([0.05, 0.5, 0.75, 0.95, 0.999])
        rules.append(Rule(f"rule_{len(rules)}", "", f"expect_{name}", kwargs, "warning"))
    return Suite("generated", tuple(rules))


def _arguments(rng: random.Random) -> list[tuple[str, dict[str, Any]]]:
    texts = [text for text in TEXTS if text is not None]
    some: list[tuple[str, dict[str, Any]]] = []

    def add(name: str, **kwargs: Any) -> None:
        some.append((name, kwargs))

    def bounds(values: list[Any]) -> dict[str, Any]:
        low, high = sorted((rng.choice(values), rng.choice(values)))
        kept = rng.choice([(low, high), (low, None), (None, high)])
        strict = {"strict_min": rng.random() < 0.4, "strict_max": rng.random() < 0.4}
        return {"min_value": kept[0], "max_value": kept[1], **strict}

    for column in COLUMNS:
        add("column_values_to_not_be_null", column=column)
        add("column_values_to_be_null", column=column)
        if column != "tags":
            add("column_values_to_be_unique", column=column)
            add("column_unique_value_count_to_be_between", column=column, **bounds([0, 1, 2, 7, 20, 45, 200, 500]))
            add(
                "column_proportion_of_unique_values_to_be_between", column=column, **bounds([0, 0.01, 0.1, 0.5, 0.9, 1])
            )

    numbers = {
        "small": [-6, -5, 0, 1, 0.5, -2.5, 5, 100],
        "full": [-3, 0, 3, 9, 2.999, -0.0],
        "big": [-(2**53) + 1, 2**53 - 1, -1, 0, 0.5, 7, 6.999],
        "holed": [2**53 - 1, 3, 3.5, 4],
        "d": [-1e308, 0.0, 0.1, 0.3, 1, 50, 1e15, 5e-324, 2**53 - 1],
        "e": [-5, 0, 0.1, 0.2, 0.3, 22, 50.0],
        "f": [-3.25, 0.1, 7, 50, 50.5],
        "nans": [0, 1],
    }
    moments = {
        "day": ["1700-01-01", "1850-06-01", "2024-02-29", "2192-10-27"],
        "at": ["2024-01-01", "2024-02-01T12:00:00", "2024-03-01 00:00:00.000001"],
        "seen": ["2024-01-01T00:00:00Z", "2024-02-01T12:00:00+01:00", "2024-02-28T23:59:59-05:00"],
    }
    for _ in range(3):
        for column, values in {**numbers, **moments}.items():
            add("column_values_to_be_between", column=column, **bounds(values))
        for column in ("s", "t", "key", "nothing", 'odd "name"'):
            add("column_value_lengths_to_be_between", column=column, **bounds([0, 1, 2, 3, 5, 9, 300]))
            add("column_value_lengths_to_equal", column=column, value=rng.choice([0, 1, 2, 5]))
            for verb in ("be_in_set", "not_be_in_set"):
                add(f"column_values_to_{verb}", column=column, value_set=rng.sample(texts, 12))
        for column, values in {
            "small": [-5, 0, 1, 2, 99],
            "full": [-3, 0, 4, 5],
            "big": [0, 1, 7, 2**52],
            "d": [0.0, 1, 0.3, 50, 1e308, 5e-324],
            "e": [0.1, 0.30000000000000004, 22, 1],
            "yes": [True],
            "no": [False],
        }.items():
            chosen = rng.sample(values, rng.randint(1, len(values)))
            for verb in ("values_to_be_in_set", "values_to_not_be_in_set"):
                add(f"column_{verb}", column=column, value_set=chosen)
            for verb in ("be_in_set", "contain_set", "equal_set"):
                add(f"column_distinct_values_to_{verb}", column=column, value_set=chosen)
    for verb in ("be_in_set", "contain_set", "equal_set"):
        add(f"column_distinct_values_to_{verb}", column="no", value_set=[True, False])
        add(f"column_distinct_values_to_{verb}", column="s", value_set=texts)
        add(f"column_distinct_values_to_{verb}", column="t", value_set=[*texts, "never"])
        add(f"column_distinct_values_to_{verb}", column="nothing", value_set=["a"])
        add(
            f"column_distinct_values_to_{verb}", column="f", value_set=[0.1, 0.2, 0.30000000000000004, 22, 50, -3.25, 7]
        )

    for pattern in PATTERNS:
        column = rng.choice(["s", "t", 'odd "name"'])
        add("column_values_to_match_regex", column=column, regex=pattern)
        add("column_values_to_not_match_regex", column=column, regex=pattern)
    for _ in range(4):
        patterns = rng.sample(PATTERNS, 3)
        add(
            "column_values_to_match_regex_list",
            column="s",
            regex_list=patterns,
            match_on=rng.choice(["any", "all", None]),
        )
        add("column_values_to_not_match_regex_list", column="t", regex_list=patterns)

    pairs = [("s", "t"), ("small", "other"), ("e", "f"), ("e", "small"), ("full", "f"), ("d", "e"), ("day", "day2")]
    pairs += [("at", "at2"), ("seen", "seen2"), ("full", "big")]
    for left, right in pairs:
        for ignored in (None, "both_values_are_missing", "either_value_is_missing", "neither"):
            add("column_pair_values_to_be_equal", column_A=left, column_B=right, ignore_row_if=ignored)
            for or_equal in (None, True):
                add(
                    "column_pair_values_a_to_be_greater_than_b",
                    column_A=left, column_B=right, ignore_row_if=ignored, or_equal=or_equal,
                )  # fmt: skip
    for ignored in (None, "either_value_is_missing", "neither"):
        add("column_pair_values_to_be_equal", column_A="yes", column_B="no", ignore_row_if=ignored)
        for left, right, wanted in (
            ("s", "t", [[text, text] for text in texts] + [[None, "a"], ["a", None]]),
            ("small", "other", [[n, n] for n in range(-5, 6)] + [[None, 0]]),
            ("small", "yes", [[1, True], [2, None], [None, False]]),
            ("f", "s", [[0.1, "a"], [50, ""], [22.0, None]]),
            ("no", "t", [[True, "a"], [False, "ab"]]),
        ):
            add(
                "column_pair_values_to_be_in_set",
                column_A=left, column_B=right, value_pairs_set=wanted, ignore_row_if=ignored,
            )  # fmt: skip

    lists = [["s", "t"], ["s", "t", "key"], ["small", "other"], ["small", "other", "full"], ["e", "f", "small"]]
    lists += [["day", "day2"], ["at", "at2"], ["seen", "seen2"]]
    for columns in lists:
        for ignored in (None, "all_values_are_missing", "any_value_is_missing", "never"):
            add("select_column_values_to_be_unique_within_record", column_list=columns, ignore_row_if=ignored)
            add("compound_columns_to_be_unique", column_list=columns, ignore_row_if=ignored)
    add("compound_columns_to_be_unique", column_list=["yes", "no", "full"])
    add("compound_columns_to_be_unique", column_list=["s", "e", "day", "yes"])
    add("compound_columns_to_be_unique", column_list=["key", "nothing"])
    for ignored in (None, "any_value_is_missing", "never"):
        add("multicolumn_sum_to_equal", column_list=["small", "other", "full"], sum_total=3, ignore_row_if=ignored)
        add("multicolumn_sum_to_equal", column_list=["small", "full"], sum_total=0.0, ignore_row_if=ignored)
        add("multicolumn_sum_to_equal", column_list=["e", "f"], sum_total=0.4, ignore_row_if=ignored)
        add("multicolumn_sum_to_equal", column_list=["f", "e", "small"], sum_total=50.1, ignore_row_if=ignored)

    for column in ("small", "other", "full", "e", "f", "nans"):
        for measure in ("min", "max", "mean", "sum", "median", "stdev"):
            for _ in range(2):
                add(
                    f"column_{measure}_to_be_between",
                    column=column,
                    **bounds([-1e6, -5, -1, 0, 0.5, 1, 3, 10, 50, 1e6]),
                )
    for measure in ("min", "max", "mean", "sum"):
        add(f"column_{measure}_to_be_between", column="d", **bounds([-1e308, 0, 1e308]))
    for measure in ("min", "max"):
        add(f"column_{measure}_to_be_between", column="big", **bounds([1 - 2**53, 0, 2**53 - 1]))
        add(f"column_{measure}_to_be_between", column="day", **bounds(moments["day"]))
        add(f"column_{measure}_to_be_between", column="at", **bounds(moments["at"]))

    for value in (0, 1, 300):
        add("table_row_count_to_equal", value=value)
    add("table_row_count_to_be_between", **bounds([0, 1, 100, 300, 1000]))
    for value in (len(COLUMNS), 3):
        add("table_column_count_to_equal", value=value)
        add("table_column_count_to_be_between", min_value=value)
        add("table_column_count_to_be_between", max_value=value - 1)
    for names in (list(COLUMNS), list(COLUMNS)[:-1], [*COLUMNS, "absent"]):
        add("table_columns_to_match_ordered_list", column_list=names)
        for exact in (None, True, False):
            add("table_columns_to_match_set", column_set=names, exact_match=exact)
    for index in (None, 0, 1, 2, -1, 99, -99):
        add("column_to_exist", column="t", column_index=index)
    for column in ("T", "absent"):
        add("column_to_exist", column=column)
    return some


MOSTLY = frozenset(
    name
    for name, kwargs in _arguments(random.Random(0))
    if not name.startswith(("table_", "column_distinct", "column_unique", "column_proportion", "column_to_exist"))
    and not name.endswith(("max_to_be_between", "min_to_be_between", "mean_to_be_between", "sum_to_be_between"))
    and not name.endswith(("median_to_be_between", "stdev_to_be_between"))
)
