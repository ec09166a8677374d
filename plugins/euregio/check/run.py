"""Run a suite over decoded records: which rows fail which rule, and whether the batch may go on."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import duckdb

from euregio.check.compile import Compiled, compile_suite, reasons_sql
from euregio.check.metrics import Deferred
from euregio.check.outcome import Outcome, RuleOutcome, plain, refuse
from euregio.check.suite import Rule, Suite
from euregio.check.text import text_sql

__all__ = ["Outcome", "RuleOutcome", "run_check"]


def run_check(con: duckdb.DuckDBPyConnection, relation_sql: str, suite: Suite, failures_out: Path) -> Outcome:
    """Check the records of `relation_sql` (a name or a SELECT, with `_file` and `_record` among its columns).

    One pass counts for every rule at once (uniqueness reads its key's columns besides). Where a warning rule failed, a
    second one over those rules' columns writes the sparse Parquet `failures_out`: `_file, _record, _reasons`
    (VARCHAR[], sorted); without rows where none failed. Memory does not grow with the rows, but with the keys that break a rule
    of uniqueness, and with the columns of rules that Great Expectations must run.

    `mostly` decides whether a rule succeeds, as in Great Expectations; a row that fails a warning rule is listed
    whatever the others do. A rule whose column is absent fails and says so, as in Great Expectations, but lists no
    row. Raises BatchRefused naming every critical rule that failed; `failures_out` is then not written.
    """
    relation = _source(relation_sql)
    columns = {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
    compiled = compile_suite(suite, columns)
    mark = uuid.uuid4().hex
    duplicates = {unique.rule.reason: f"duplicates_{mark}_{i}" for i, unique in enumerate(compiled.unique_rules)}
    try:
        for unique in compiled.unique_rules:
            unique.find(con, relation, duplicates[unique.rule.reason])
        rows, found, unknown = _count(con, relation, compiled, duplicates)
        listed = None
        if unknown:
            from euregio.check.gx import run_rules

            judged, listed = run_rules(con, relation, unknown, columns)
            found.update(judged)
        outcome = Outcome(rows, [found[rule.reason] for rule in suite.rules])
        refuse(outcome)
        _write_failures(con, relation, compiled, duplicates, found, listed, failures_out)
    finally:
        for name in duplicates.values():
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")
    return outcome


def _count(
    con: duckdb.DuckDBPyConnection, relation: str, compiled: Compiled, duplicates: dict[str, str]
) -> tuple[int, dict[str, RuleOutcome], list[Rule]]:
    """The number of rows, the outcome of every compiled rule by reason, and the rules left to Great Expectations."""
    # Many rules skip the same rows: what is counted twice is asked once.
    counted = ["FALSE"]
    for test in (test for _, test in compiled.tests):
        counted += [test.fails, test.skipped]
    counted += [unique.skipped for unique in compiled.unique_rules]
    conditions = list(dict.fromkeys(counted))
    aggregates = ["count(*)", *(f"count(*) FILTER ({condition})" for condition in conditions), *compiled.metrics_sql]
    values = iter(con.execute(f"SELECT {', '.join(aggregates)} FROM {relation}").fetchall()[0])

    rows = next(values)
    count = {condition: next(values) for condition in conditions}
    found: dict[str, RuleOutcome] = {}
    for rule, test in compiled.tests:
        found[rule.reason] = _row_outcome(rule, rows - count[test.skipped], count[test.fails])
    for unique in compiled.unique_rules:
        copies = con.execute(f"SELECT coalesce(sum(copies), 0) FROM {duplicates[unique.rule.reason]}").fetchall()
        found[unique.rule.reason] = _row_outcome(unique.rule, rows - count[unique.skipped], int(copies[0][0]))
    unknown = list(compiled.unknown)
    for rule, measure in compiled.measures:
        try:
            success, observed = measure.judge({name: next(values) for name in measure.values})
        except Deferred:
            unknown.append(rule)
            continue
        found[rule.reason] = RuleOutcome(rule.reason, rule.title, rule.severity, 0, 0, success, plain(observed))
    for rule, message in compiled.errors:
        found[rule.reason] = RuleOutcome(rule.reason, rule.title, rule.severity, 0, 0, False, message=message)
    return rows, found, unknown


def _row_outcome(rule: Rule, evaluated: int, failed: int) -> RuleOutcome:
    """`mostly` as in Great Expectations: the share of rows that pass; without rows to judge a rule succeeds."""
    mostly = rule.kwargs.get("mostly", 1)
    success = not evaluated or (float(evaluated) - float(failed)) / float(evaluated) >= mostly
    return RuleOutcome(rule.reason, rule.title, rule.severity, evaluated, failed, success)


def _write_failures(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    compiled: Compiled,
    duplicates: dict[str, str],
    found: dict[str, RuleOutcome],
    listed: Any,
    out: Path,
) -> None:
    """Write the rows that fail warning rules; `listed` (DataFrame or None) has those that Great Expectations found."""

    def failing(rule: Rule) -> bool:
        return rule.severity == "warning" and found[rule.reason].failed > 0

    conditions = [(rule.reason, fails) for rule, fails in compiled.row_rules if failing(rule)]
    parts = []
    if conditions:
        parts.append(
            f"SELECT _file, _record, _reasons FROM (SELECT _file, _record, {reasons_sql(conditions)} AS _reasons "
            f"FROM {relation}) WHERE len(_reasons) > 0"
        )
    for unique in compiled.unique_rules:
        if failing(unique.rule):
            fails = unique.fails_sql(duplicates[unique.rule.reason])
            parts.append(
                f"SELECT _file, _record, [{text_sql(unique.rule.reason)}] AS _reasons FROM {relation} WHERE {fails}"
            )
    if listed is not None and len(listed):
        parts.append("SELECT _file, _record, [_reason] AS _reasons FROM listed")
    if not parts:
        parts.append(f"SELECT _file, _record, []::VARCHAR[] AS _reasons FROM {relation} LIMIT 0")
    query = parts[0]
    if len(parts) > 1 or listed is not None:
        query = (
            "SELECT _file, _record, list_sort(list_distinct(flatten(list(_reasons)))) AS _reasons "
            f"FROM ({' UNION ALL '.join(parts)}) GROUP BY _file, _record ORDER BY _file, _record"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    if listed is not None:
        con.register("listed", listed)  # connections of the house take no SQL name from Python's variables
    try:
        con.execute(f"COPY ({query}) TO {text_sql(str(part))} (FORMAT parquet)")
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _source(relation_sql: str) -> str:
    """Something that may stand after FROM."""
    text = relation_sql.strip().rstrip(";")
    return f"({text})" if text[:6].upper().startswith(("SELECT", "WITH", "FROM")) else text
