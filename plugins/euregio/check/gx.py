"""Great Expectations itself: for the rules that SQL cannot say, and to validate the files that people edit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from euregio.check.compile import columns_of
from euregio.check.outcome import RuleOutcome, plain
from euregio.check.suite import Rule, load_suite
from euregio.check.text import EXACT, FRAME_COLUMNS, is_day, kind_of, name_sql
from euregio.errors import DeclarationError

if TYPE_CHECKING:
    import pandas as pd


def run_rules(
    con: duckdb.DuckDBPyConnection, relation: str, rules: list[Rule], columns: dict[str, str]
) -> tuple[dict[str, RuleOutcome], pd.DataFrame]:
    """Run `rules` on a pandas frame of the columns that they name (of all, where a rule may read any).

    Returns outcomes by reason, and a frame `_file, _record, _reason` of the rows that fail warning rules. Costs 7 to
    14 s for the import, and memory for the whole columns: rules of large datasets should be such that compile.
    """
    import pandas as pd

    needed = {name for rule in rules for name in columns_of(rule)}
    if any(not columns_of(rule) or "row_condition" in rule.kwargs for rule in rules):
        needed = set(columns)
    names = [name for name in columns if name in needed and name not in FRAME_COLUMNS]
    listed = ", ".join(name_sql(name) for name in (*FRAME_COLUMNS, *names))
    places = frame_of(con, f"(SELECT {listed} FROM {relation})", columns)
    frame = places.drop(columns=list(FRAME_COLUMNS))
    outcomes: dict[str, RuleOutcome] = {}
    failing = []
    for rule, result in validate(frame, rules):
        outcomes[rule.reason] = _outcome(rule, result)
        rows = result["result"].get("unexpected_index_list")
        if rule.severity == "warning" and rows:
            part = places.iloc[rows][list(FRAME_COLUMNS)]
            failing.append(part.assign(_reason=rule.reason))
    empty = places.iloc[:0][list(FRAME_COLUMNS)].assign(_reason="")
    return outcomes, pd.concat([empty, *failing], ignore_index=True)


def frame_of(con: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> pd.DataFrame:
    """The relation as a pandas frame of ordinary types, in the relation's order, numbered from 0.

    Integers with nulls become floats where floats hold them exactly, else objects; booleans with nulls become
    objects; days and naive times become datetime64[ns] where that holds them, because Great Expectations compares
    only those with bounds written as text.
    """
    import pandas as pd

    arrow = con.execute(f"SELECT * FROM {relation}").to_arrow_table()
    frame = {}
    for name in arrow.column_names:
        column, kind = arrow.column(name), kind_of(columns.get(name, ""))
        if kind == "integer" and column.null_count:
            numbers = column.to_pylist()
            small = all(number is None or abs(number) <= EXACT for number in numbers)
            frame[name] = pd.Series(numbers, dtype="float64" if small else "object")
        elif kind == "boolean" and column.null_count:
            frame[name] = pd.Series(column.to_pylist(), dtype="object")
        else:
            frame[name] = column.to_pandas()
        if kind in ("date", "timestamp"):
            frame[name] = _moments(frame[name])
    return pd.DataFrame(frame, index=pd.RangeIndex(arrow.num_rows))


def _moments(series: pd.Series) -> pd.Series:
    import pandas as pd

    try:
        return pd.to_datetime(series).astype("datetime64[ns]")
    except (pd.errors.OutOfBoundsDatetime, OverflowError, ValueError):
        return series


def validate(frame: pd.DataFrame, rules: list[Rule]) -> list[tuple[Rule, dict[str, Any]]]:
    """The complete result of Great Expectations for each rule, as JSON-like dicts with `success` and `result`."""
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    definition = (
        context.data_sources.add_pandas("check").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )
    batch = definition.get_batch(batch_parameters={"dataframe": frame})
    expectations = [
        {"type": rule.type, "kwargs": kwargs, "severity": rule.severity, "meta": {"reason": rule.reason}}
        for rule, kwargs in ((rule, _with_midnights(rule.kwargs, frame)) for rule in rules)
    ]
    try:
        suite = gx.ExpectationSuite(name="unknown", expectations=expectations)
    except Exception as error:  # its classes raise what they like
        raise DeclarationError("Great Expectations refuses a rule", found=str(error)) from error
    results = batch.validate(suite, result_format={"result_format": "COMPLETE"}).results
    by_reason = {result.expectation_config.meta["reason"]: result for result in results}
    return [
        (
            rule,
            {
                "success": bool(by_reason[rule.reason].success),
                "result": by_reason[rule.reason].result or {},
                "exception": _exception(by_reason[rule.reason].exception_info),
            },
        )
        for rule in rules
    ]


def _with_midnights(kwargs: dict[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """A day that bounds a column of times is its midnight: as a mere day, pandas would refuse to compare it."""
    column = kwargs.get("column")
    if not isinstance(column, str) or column not in frame or frame[column].dtype.kind != "M":
        return kwargs
    return {
        name: f"{value}T00:00:00" if name in ("min_value", "max_value") and is_day(value) else value
        for name, value in kwargs.items()
    }


def validate_suite_file(path: Path) -> None:
    """Load a suite's file with Great Expectations' own classes and with ours. Raises DeclarationError."""
    import json

    ours = load_suite(path)
    gx = _great_expectations()
    try:
        theirs = gx.ExpectationSuite(**json.loads(path.read_bytes()))
    except Exception as error:  # its classes raise what they like
        raise DeclarationError("Great Expectations refuses the suite", where=path.name, found=str(error)) from error
    found = [(e.expectation_type, e.severity.value, e.meta["reason"]) for e in theirs.expectations]
    wanted = [(rule.type, rule.severity, rule.reason) for rule in ours.rules]
    if sorted(found) != sorted(wanted):
        raise DeclarationError("Great Expectations reads other rules", where=path.name, found=found, expected=wanted)


def _outcome(rule: Rule, result: dict[str, Any]) -> RuleOutcome:
    found, message = result["result"], result["exception"]
    evaluated = int(found.get("element_count") or 0) - int(found.get("missing_count") or 0)
    failed = int(found.get("unexpected_count") or 0) if "element_count" in found else 0
    return RuleOutcome(
        rule.reason,
        rule.title,
        rule.severity,
        evaluated,
        failed,
        result["success"] and not message,
        plain(found.get("observed_value")),
        message,
    )


def _exception(info: dict[str, Any] | None) -> str | None:
    """The first message of `exception_info`, which holds one, or one per metric."""
    if not info:
        return None
    parts = [info] if "raised_exception" in info else list(info.values())
    for part in parts:
        if isinstance(part, dict) and part.get("raised_exception"):
            text = str(part.get("exception_message") or "Great Expectations could not judge it")
            return " ".join(text.split())[:300]
    return None


def _great_expectations() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    return great_expectations
