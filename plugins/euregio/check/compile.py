"""A suite compiled to DuckDB SQL: conditions on rows, keys that must be unique, aggregates, and what SQL cannot say."""

from __future__ import annotations

from dataclasses import dataclass

from euregio.check.metrics import MEASURE_TYPES, Measure
from euregio.check.rows import ROW_TYPES, RowTest
from euregio.check.suite import Rule, Severity, Suite
from euregio.check.text import Unsupported, any_of, kind_of, text_sql
from euregio.check.unique import UniqueRule

# What the compiler claims to know; tests/check/test_against_great_expectations.py proves each of them.
COMPILED_TYPES = frozenset(ROW_TYPES) | frozenset(MEASURE_TYPES)


@dataclass(frozen=True)
class Compiled:
    """A suite for one set of columns.

    `tests` (rule and condition on one row), `unique_rules`, `measures` (rule and aggregates), `unknown` (rules that
    Great Expectations must run) and `errors` (rules that cannot be judged, with the reason: their column is absent).
    """

    suite: Suite
    tests: tuple[tuple[Rule, RowTest], ...] = ()
    unique_rules: tuple[UniqueRule, ...] = ()
    measures: tuple[tuple[Rule, Measure], ...] = ()
    unknown: tuple[Rule, ...] = ()
    errors: tuple[tuple[Rule, str], ...] = ()

    @property
    def row_rules(self) -> list[tuple[Rule, str]]:
        """Rules that one row decides, each with an SQL condition: TRUE when the row fails, never NULL."""
        return [(rule, test.fails) for rule, test in self.tests]

    @property
    def metrics_sql(self) -> list[str]:
        """The aggregates of the measures, each `expression AS m<number>_<name>`, for one SELECT over the relation."""
        return [
            f"{sql} AS m{index}_{name}"
            for index, (_, measure) in enumerate(self.measures)
            for name, sql in measure.values.items()
        ]


def compile_suite(suite: Suite, columns: dict[str, str]) -> Compiled:
    """Compile `suite` for a relation with `columns` (name → DuckDB type, in the relation's order)."""
    kinds = {name: kind_of(type_) for name, type_ in columns.items()}
    tests: list[tuple[Rule, RowTest]] = []
    unique: list[UniqueRule] = []
    measures: list[tuple[Rule, Measure]] = []
    unknown: list[Rule] = []
    errors: list[tuple[Rule, str]] = []
    for rule in suite.rules:
        absent = [name for name in columns_of(rule) if name not in columns]
        if absent and rule.type != "expect_column_to_exist":
            errors.append((rule, f"there is no column {absent[0]}"))
            continue
        try:
            if rule.type in ROW_TYPES:
                test = ROW_TYPES[rule.type](kinds, rule.kwargs)
                if test.key:
                    unique.append(UniqueRule(rule, test.key, test.skipped))
                else:
                    tests.append((rule, test))
            elif rule.type in MEASURE_TYPES:
                measures.append((rule, MEASURE_TYPES[rule.type](kinds, rule.kwargs)))
            else:
                unknown.append(rule)
        except Unsupported:
            unknown.append(rule)
    return Compiled(suite, tuple(tests), tuple(unique), tuple(measures), tuple(unknown), tuple(errors))


def columns_of(rule: Rule) -> list[str]:
    """The columns that a rule reads, as its arguments name them."""
    named = [rule.kwargs.get(name) for name in ("column", "column_A", "column_B")]
    listed = rule.kwargs.get("column_list") if not rule.type.startswith("expect_table_") else None
    return [name for name in (*named, *(listed if isinstance(listed, list) else ())) if isinstance(name, str)]


def reasons_expression(compiled: Compiled, severity: Severity = "warning") -> str:
    """An SQL expression for one row: VARCHAR[] of the reasons of its failed row rules of `severity`, sorted.

    Cheap where nothing fails. Uniqueness is not in it: it takes more than one row (see `unique_rules`).
    """
    return reasons_sql([(rule.reason, fails) for rule, fails in compiled.row_rules if rule.severity == severity])


def reasons_sql(conditions: list[tuple[str, str]]) -> str:
    """The same for pairs of reason and condition."""
    if not conditions:
        return "[]::VARCHAR[]"
    named = ", ".join(f"CASE WHEN {fails} THEN {text_sql(reason)} END" for reason, fails in sorted(conditions))
    return (
        f"CASE WHEN {any_of(fails for _, fails in conditions)} "
        f"THEN list_filter([{named}], lambda reason: reason IS NOT NULL) ELSE []::VARCHAR[] END"
    )
