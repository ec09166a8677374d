"""Every suite in expectations/ is sound: both loaders read it, and what gives rows their verdict compiles to SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from euregio.check.compile import compile_suite
from euregio.check.gx import validate_suite_file
from euregio.check.suite import load_suite, table_suite

PROJECT = Path(__file__).parents[2]
SUITES = sorted((PROJECT / "expectations").glob("*/*.json"))
TABLES = sorted((PROJECT / "include" / "tables").glob("*.yaml"))


def shown(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def contract_of(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def columns_of(contract: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["physicalType"] for column in contract["schema"][0]["properties"]}


def test_there_are_suites_and_tables() -> None:
    assert SUITES
    assert TABLES


@pytest.mark.parametrize("path", SUITES, ids=shown)
def test_a_suite_is_named_as_its_file_and_both_loaders_read_it(path: Path) -> None:
    assert load_suite(path).name == path.stem
    validate_suite_file(path)


@pytest.mark.parametrize("path", sorted((PROJECT / "expectations" / "tables").glob("*.json")), ids=shown)
def test_a_table_suite_belongs_to_a_table(path: Path) -> None:
    assert (PROJECT / "include" / "tables" / f"{path.stem}.yaml").is_file()


@pytest.mark.parametrize("path", TABLES, ids=shown)
def test_the_rules_of_a_table_name_its_columns_and_compile(path: Path) -> None:
    contract = contract_of(path)
    extra = PROJECT / "expectations" / "tables" / f"{path.stem}.json"
    suite = table_suite(contract, load_suite(extra) if extra.is_file() else None)
    compiled = compile_suite(suite, columns_of(contract))
    assert compiled.errors == ()
    assert [rule.reason for rule in compiled.unknown] == []
    # Rows get their verdict one by one: a warning that needs the whole table would be lost.
    assert [unique.rule.reason for unique in compiled.unique_rules if unique.rule.severity == "warning"] == []
    assert [rule.reason for rule, _ in compiled.measures if rule.severity == "warning"] == []


@pytest.mark.parametrize("path", sorted((PROJECT / "expectations" / "formats").glob("*.json")), ids=shown)
def test_the_rules_of_a_format_compile_over_text(path: Path) -> None:
    suite = load_suite(path)
    named = {name for rule in suite.rules for name in rule.kwargs.get("column_list", [])}
    named |= {
        rule.kwargs[key] for rule in suite.rules for key in ("column", "column_A", "column_B") if key in rule.kwargs
    }
    # decoders give text, and counts of what a record nests
    columns = {name: "BIGINT" if name.endswith("_count") else "VARCHAR" for name in sorted(named)}
    compiled = compile_suite(suite, columns)
    assert [(rule.reason, rule.kwargs) for rule in compiled.unknown] == []
