"""The compiler's proof: on generated data it finds what Great Expectations finds on pandas, for every type it knows."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from generated import COLUMNS, suite_of, table_of

from euregio.check.compile import COMPILED_TYPES, compile_suite
from euregio.check.gx import frame_of, validate
from euregio.check.outcome import RuleOutcome
from euregio.check.run import run_check
from euregio.check.suite import Rule

# Seed, rows, most rules of a type. More: EUREGIO_CHECK_SEEDS=100-120 (all rules that the generator knows, minutes).
RUNS = [(1, 300, 6), (2, 300, 6), (3, 0, 1)]
if more := os.environ.get("EUREGIO_CHECK_SEEDS"):
    first, last = more.split("-")
    RUNS = [(seed, (300, 300, 7, 1)[seed % 4], 1000) for seed in range(int(first), int(last) + 1)]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"seed {run[0]}, {run[1]} rows")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """For each rule: the rule, our outcome, our failing records, and the result of Great Expectations."""
    seed, rows, most = request.param
    suite = suite_of(seed, most)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    table_of(seed, rows, con)
    out = tmp_path_factory.mktemp("check") / "failures.parquet"
    outcome = run_check(con, "data", suite, out)
    records = defaultdict(list)
    for record, reasons in con.execute(f"SELECT _record, _reasons FROM '{out}' ORDER BY _record").fetchall():
        assert reasons == sorted(reasons)
        for reason in reasons:
            records[reason].append(record)
    frame = frame_of(con, "(SELECT * EXCLUDE (_file, _record) FROM data)", COLUMNS)
    theirs = {rule.reason: result for rule, result in validate(frame, list(suite.rules))}
    return [
        (rule, ours, records[rule.reason], theirs[rule.reason])
        for rule, ours in zip(suite.rules, outcome.rules, strict=True)
    ]


def test_every_type_that_the_compiler_claims_is_generated_and_compiles() -> None:
    for seed, _, most in RUNS:
        suite = suite_of(seed, most)
        compiled = compile_suite(suite, {"_file": "VARCHAR", "_record": "BIGINT", **COLUMNS})
        assert {rule.type for rule in suite.rules} == COMPILED_TYPES
        assert [(rule.type, rule.kwargs) for rule in compiled.unknown] == []
        assert compiled.errors == ()


def test_compiled_rules_agree_with_great_expectations(both: list[tuple[Any, ...]]) -> None:
    differences = [text for rule, ours, records, theirs in both if (text := _difference(rule, ours, records, theirs))]
    assert not differences, f"{len(differences)} of {len(both)} differ:\n" + "\n".join(differences)


def test_the_generated_data_show_every_type_succeed_and_fail() -> None:
    seen = defaultdict(set)
    for seed, rows, most in RUNS:
        con = duckdb.connect()
        table_of(seed, rows, con)
        suite = suite_of(seed, most)
        with tempfile.TemporaryDirectory() as folder:
            outcome = run_check(con, "data", suite, Path(folder) / "failures.parquet")
        for rule, found in zip(suite.rules, outcome.rules, strict=True):
            seen[rule.type].add(found.success)
    assert {type_: found for type_, found in seen.items() if found != {True, False}} == {}


def _difference(rule: Rule, ours: RuleOutcome, records: list[int], theirs: dict[str, Any]) -> str:
    result, parts = theirs["result"], []
    if theirs["exception"]:
        parts.append(f"GX raises {theirs['exception'][:150]}")
    elif ours.success != theirs["success"]:
        parts.append(f"success {ours.success}, GX {theirs['success']}")
    if "element_count" in result and not theirs["exception"]:
        evaluated = result["element_count"] - result.get("missing_count", 0)
        if (ours.evaluated, ours.failed) != (evaluated, result["unexpected_count"]):
            parts.append(f"{ours.failed} of {ours.evaluated}, GX {result['unexpected_count']} of {evaluated}")
        places = [place + 1 for place in result.get("unexpected_index_list") or []]
        if records != places:
            parts.append(f"records {sorted(set(records) ^ set(places))[:5]}")
    elif isinstance(observed := result.get("observed_value"), int | float) and not _same(ours.observed, observed):
        parts.append(f"observed {ours.observed}, GX {observed}")
    return f"{rule.type} {rule.kwargs}: " + "; ".join(parts) if parts else ""


def _same(ours: Any, theirs: float) -> bool:
    """Sums of doubles are added in another order: their last digits may differ."""
    return ours == str(theirs) if isinstance(ours, str) else ours == pytest.approx(theirs, rel=1e-12)
