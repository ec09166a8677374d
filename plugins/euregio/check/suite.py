"""Expectation suites as plain data: read from Great Expectations JSON, and made from a table's contract."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from euregio.errors import DeclarationError

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

_REASON = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TYPE = re.compile(r"expect_[a-z0-9_]+")


@dataclass(frozen=True)
class Rule:
    """One expectation: `type` and `kwargs` as Great Expectations names them, `reason` as verdicts name its failure."""

    reason: str
    title: str
    type: str
    kwargs: dict[str, Any] = field(hash=False)
    severity: Severity


@dataclass(frozen=True)
class Suite:
    """Rules under one name; reasons are unique."""

    name: str
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.reason in seen:
                raise DeclarationError("two rules have one reason", where=self.name, found=rule.reason)
            seen.add(rule.reason)


def load_suite(path: Path) -> Suite:
    """The suite of a Great Expectations JSON file. Raises DeclarationError with the file and the rule's index, from 0.

    Great Expectations itself is not imported: `check.gx.validate_suite_file` compares with its own classes.
    """
    try:
        text = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DeclarationError("cannot be read as a suite", where=path.name, found=str(error)) from error
    if not isinstance(text, dict):
        raise DeclarationError("a suite is an object", where=path.name, found=type(text).__name__)
    name, expectations = text.get("name"), text.get("expectations")
    if not isinstance(name, str) or not name:
        raise DeclarationError("the suite has no name", where=path.name, found=name, expected="text")
    if not isinstance(expectations, list):
        raise DeclarationError("`expectations` is not a list", where=path.name, found=type(expectations).__name__)
    rules = []
    for index, expectation in enumerate(expectations):
        rules.append(_rule(expectation, f"{path.name}: expectations[{index}]"))
    try:
        return Suite(name, tuple(rules))
    except DeclarationError as error:
        raise DeclarationError(error.what, where=path.name, found=error.found) from None


def _rule(expectation: Any, where: str) -> Rule:
    if not isinstance(expectation, dict):
        raise DeclarationError("an expectation is an object", where=where, found=type(expectation).__name__)
    meta, kwargs = expectation.get("meta"), expectation.get("kwargs", {})
    if not isinstance(meta, dict):
        raise DeclarationError("`meta` with the reason is missing", where=where, expected='{"reason": "…"}')
    reason, type_, severity = meta.get("reason"), expectation.get("type"), expectation.get("severity")
    if not isinstance(reason, str) or not _REASON.fullmatch(reason):
        raise DeclarationError("`meta.reason` is not a name", where=where, found=reason, expected="snake_case")
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        raise DeclarationError("`type` is not an expectation", where=where, found=type_, expected="expect_…")
    if severity not in SEVERITIES:
        raise DeclarationError("`severity` is not known", where=where, found=severity, expected=" or ".join(SEVERITIES))
    if not isinstance(kwargs, dict):
        raise DeclarationError("`kwargs` is not an object", where=where, found=type(kwargs).__name__)
    title = expectation.get("description") or meta.get("title") or _words(reason)
    return Rule(reason, str(title), type_, kwargs, cast(Severity, severity))


def contract_rules(table: dict[str, Any]) -> list[Rule]:
    """The base of a table's suite: what its contract (ODCS 3.1, parsed from YAML) says of each column.

    required → `<column>_missing`; minimum, maximum → `<column>_out_of_bounds`; pattern → `<column>_malformed`;
    invalidValues → `<column>_not_in_list`. All are warnings: they quarantine the row.
    """
    rules: list[Rule] = []
    for column in table["schema"][0]["properties"]:
        name, options = column["name"], column.get("logicalTypeOptions", {})
        words = _words(name)

        def add(ending: str, title: str, type_: str, *, name: str = name, words: str = words, **kwargs: Any) -> None:
            kwargs = {"column": name, **kwargs}
            rules.append(
                Rule(f"{name}_{ending}", f"{words} {title}", f"expect_column_values_to_{type_}", kwargs, "warning")
            )

        if column.get("required"):
            add("missing", "is given", "not_be_null")
        bounds = {
            key: options[name_]
            for key, name_ in (
                ("min_value", "minimum"),
                ("max_value", "maximum"),
                ("min_value", "exclusiveMinimum"),
                ("max_value", "exclusiveMaximum"),
            )
            if name_ in options
        }
        if bounds:
            strict: dict[str, Any] = {
                key: True
                for key, name_ in (("strict_min", "exclusiveMinimum"), ("strict_max", "exclusiveMaximum"))
                if name_ in options
            }
            between = " and ".join(f"{'at least' if k == 'min_value' else 'at most'} {v}" for k, v in bounds.items())
            add("out_of_bounds", f"is {between}", "be_between", **bounds, **strict)
        if "pattern" in options:
            add("malformed", f"matches {options['pattern']}", "match_regex", regex=options["pattern"])
        for quality in column.get("quality", []):
            values = (quality.get("arguments") or {}).get("validValues")
            if quality.get("metric") == "invalidValues" and values is not None:
                add("not_in_list", f"is one of {', '.join(map(str, values))}", "be_in_set", value_set=list(values))
    return rules


def table_suite(contract: dict[str, Any], extra: Suite | None = None) -> Suite:
    """The suite of a harmonised table: its contract's base, then the rules of `expectations/tables/<table>.json`."""
    rules = [*contract_rules(contract), *(extra.rules if extra else ())]
    return Suite(str(contract["name"]), tuple(rules))


def _words(name: str) -> str:
    return name.replace("_", " ")
