"""Running a suite: which rows are listed, what is refused, and what Great Expectations is still needed for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from euregio.check.compile import compile_suite, reasons_expression
from euregio.check.regex import re2_of
from euregio.check.run import run_check
from euregio.check.suite import Rule, Severity, Suite
from euregio.check.text import Unsupported
from euregio.check.unique import UniqueRule
from euregio.errors import BatchRefused

RECORDS = """
    SELECT 'f' || (i % 2) AS _file, i AS _record, i AS number, 'k' || (i // 2) AS key,
           CASE WHEN i % 3 = 0 THEN '2024-13-01' ELSE '2024-12-01' END AS day
    FROM range(1, 11) AS r(i)"""


def rule(reason: str, type_: str, severity: Severity = "warning", **kwargs: Any) -> Rule:
    return Rule(reason, reason, type_, kwargs, severity)


SMALL = rule("small", "expect_column_values_to_be_between", column="number", max_value=8)
ODD = rule("in_list", "expect_column_values_to_be_in_set", column="number", value_set=[1, 2, 3, 4, 5, 6, 7, 8, 9])
UNIQUE = rule("repeated", "expect_column_values_to_be_unique", column="key")
DAY = rule("no_day", "expect_column_values_to_match_strftime_format", column="day", strftime_format="%Y-%m-%d")


def check(folder: Path, *rules: Rule) -> tuple[Any, list[tuple[Any, ...]]]:
    con = duckdb.connect()
    out = folder / "deep" / "failures.parquet"
    outcome = run_check(con, RECORDS, Suite("try", rules), out)
    assert [path.name for path in out.parent.iterdir()] == ["failures.parquet"]
    assert con.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
    return outcome, con.execute(f"SELECT * FROM '{out}'").fetchall()


def test_each_failing_row_is_listed_once_with_its_sorted_reasons(tmp_path: Path) -> None:
    outcome, listed = check(tmp_path, SMALL, ODD)
    assert listed == [("f1", 9, ["small"]), ("f0", 10, ["in_list", "small"])]
    assert [(found.evaluated, found.failed, found.success) for found in outcome.rules] == [
        (10, 2, False),
        (10, 1, False),
    ]
    assert json.loads(json.dumps(outcome.as_json()))["rows"] == 10


def test_rows_of_compiled_unique_and_unknown_rules_come_together(tmp_path: Path) -> None:
    outcome, listed = check(tmp_path, SMALL, UNIQUE, DAY)
    reasons = {record: found for _, record, found in listed}
    assert reasons == {
        2: ["repeated"], 3: ["no_day", "repeated"], 4: ["repeated"], 5: ["repeated"], 6: ["no_day", "repeated"],
        7: ["repeated"], 8: ["repeated"], 9: ["no_day", "repeated", "small"], 10: ["small"],
    }  # fmt: skip
    assert [found.failed for found in outcome.rules] == [2, 8, 3]


def test_nothing_failed_leaves_a_file_without_rows(tmp_path: Path) -> None:
    outcome, listed = check(tmp_path, rule("there", "expect_column_to_exist", "critical", column="number"))
    assert listed == []
    assert outcome.rules[0].success


def test_info_and_critical_rules_list_no_rows(tmp_path: Path) -> None:
    few = rule("few", "expect_column_values_to_be_between", "info", column="number", max_value=2)
    most = rule("most", "expect_column_values_to_be_between", "critical", column="number", max_value=9, mostly=0.9)
    outcome, listed = check(tmp_path, few, most)
    assert listed == []
    assert [(found.failed, found.success) for found in outcome.rules] == [(8, False), (1, True)]


def test_a_warning_rule_lists_its_rows_even_where_most_pass(tmp_path: Path) -> None:
    outcome, listed = check(
        tmp_path, rule("most", "expect_column_values_to_be_between", column="number", max_value=9, mostly=0.9)
    )
    assert [record for _, record, _ in listed] == [10]
    assert outcome.rules[0].success


def test_a_batch_is_refused_with_every_critical_rule_in_one_line(tmp_path: Path) -> None:
    rules = (
        rule("big", "expect_column_values_to_be_between", "critical", column="number", min_value=4),
        rule("more", "expect_table_row_count_to_be_between", "critical", min_value=11),
        rule("fine", "expect_column_to_exist", "critical", column="key"),
        rule("gone", "expect_column_values_to_not_be_null", "critical", column="absent"),
    )
    with pytest.raises(BatchRefused) as refused:
        run_check(duckdb.connect(), RECORDS, Suite("try", rules), tmp_path / "failures.parquet")
    text = str(refused.value)
    assert "big (3 of 10 rows); more (observed 10); gone (there is no column absent)" in text
    assert "fine" not in text
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


def test_a_warning_rule_without_its_column_fails_and_says_so(tmp_path: Path) -> None:
    outcome, listed = check(tmp_path, rule("gone", "expect_column_values_to_not_be_null", column="absent"))
    assert listed == []
    assert (outcome.rules[0].success, outcome.rules[0].message) == (False, "there is no column absent")


def test_an_unknown_rule_that_raises_in_great_expectations_says_so(tmp_path: Path) -> None:
    behind = rule("behind", "expect_column_values_to_match_regex", column="key", regex="(?<=k)[1-5]")
    text_as_number = rule("text_as_number", "expect_column_values_to_be_between", column="key", max_value=3)
    outcome, listed = check(tmp_path, behind, text_as_number)
    assert listed == [("f1", 1, ["behind"])]
    assert [(found.success, found.failed) for found in outcome.rules] == [(False, 1), (False, 0)]
    assert outcome.rules[0].message is None
    assert "type" in outcome.rules[1].message


def test_the_reasons_of_a_row_are_an_expression_that_any_select_may_use() -> None:
    con = duckdb.connect()
    compiled = compile_suite(Suite("try", (SMALL, ODD)), {"number": "BIGINT"})
    found = con.execute(
        f"SELECT {reasons_expression(compiled)} FROM (VALUES (1), (9), (10), (NULL)) AS t(number)"
    ).fetchall()
    assert found == [([],), (["small"],), (["in_list", "small"],), ([],)]
    assert con.execute(f"SELECT {reasons_expression(compiled, 'critical')}").fetchall() == [([],)]


@pytest.mark.parametrize("rows_per_pass", [1, 3, 1000])
def test_repeated_keys_are_the_same_in_one_pass_and_in_many(rows_per_pass: int) -> None:
    con = duckdb.connect()
    unique = UniqueRule(UNIQUE, ("a", "b"), "(a IS NULL AND b IS NULL)")
    con.execute(
        "CREATE TABLE t AS SELECT * FROM (VALUES (1, NULL), (1, NULL), (NULL, NULL), (NULL, NULL), (2, 1), (2, 2)) AS t(a, b)"
    )
    unique.find(con, "t", "found", rows_per_pass)
    assert con.execute("SELECT * FROM found").fetchall() == [(1, None, 2)]
    assert con.execute(f"SELECT count(*) FROM t WHERE {unique.fails_sql('found')}").fetchall() == [(2,)]


@pytest.mark.parametrize(
    "pattern", [r"(?=a)", r"(a)\1", r"\bx", r"(?i)x", r"(?s).", r"a$b", "a{300}", "(", r"[[:alpha:]]", r"[\D\w]", 7]
)
def test_a_pattern_on_which_the_engines_differ_is_left_to_great_expectations(pattern: Any) -> None:
    with pytest.raises(Unsupported):
        re2_of(pattern)
