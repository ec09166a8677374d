"""Suites as data: what a file must say, and what a contract implies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from euregio.check.suite import contract_rules, load_suite, table_suite
from euregio.errors import DeclarationError

GOOD: dict[str, Any] = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "a"},
    "severity": "warning",
    "meta": {"reason": "a_missing", "title": "a is given"},
}


def written(folder: Path, *expectations: Any, **other: Any) -> Path:
    path = folder / "try.json"
    path.write_text(json.dumps({"name": "try", "expectations": list(expectations), **other}), encoding="utf-8")
    return path


def test_a_rule_keeps_what_the_file_says(tmp_path: Path) -> None:
    rule = load_suite(written(tmp_path, GOOD)).rules[0]
    assert (rule.reason, rule.title, rule.severity, rule.kwargs) == (
        "a_missing",
        "a is given",
        "warning",
        {"column": "a"},
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"severity": "fatal"}, "severity"),
        ({"severity": None}, "severity"),
        ({"kwargs": []}, "kwargs"),
        ({"meta": {}}, "reason"),
        ({"meta": {"reason": "Not Snake"}}, "reason"),
        ({"meta": {"reason": "trailing_"}}, "reason"),
        ({"meta": None}, "meta"),
        ({"type": "column_values"}, "type"),
    ],
)
def test_a_wrong_expectation_is_refused_with_file_and_index(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    other = {**GOOD, "meta": {"reason": "other"}}
    with pytest.raises(DeclarationError) as refused:
        load_suite(written(tmp_path, other, {**GOOD, **change}))
    assert "try.json: expectations[1]" in str(refused.value)
    assert word in refused.value.what


def test_a_reason_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="a_missing"):
        load_suite(written(tmp_path, GOOD, GOOD))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "x"}', '{"expectations": []}', "\u00ff"])
def test_what_is_no_suite_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DeclarationError, match=r"broken\.json"):
        load_suite(path)


def test_a_contract_gives_the_base_of_the_suite(tmp_path: Path) -> None:
    columns = [
        {"name": "id", "required": True, "logicalTypeOptions": {"pattern": "^x"}},
        {"name": "power_kw", "logicalTypeOptions": {"minimum": 0, "exclusiveMaximum": 5}},
        {"name": "kind", "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["u", "v"]}}]},
        {"name": "free"},
    ]
    contract = {"name": "t", "schema": [{"properties": columns}]}
    rules = {rule.reason: rule for rule in contract_rules(contract)}
    assert list(rules) == ["id_missing", "id_malformed", "power_kw_out_of_bounds", "kind_not_in_list"]
    assert {rule.severity for rule in rules.values()} == {"warning"}
    assert rules["power_kw_out_of_bounds"].kwargs == {
        "column": "power_kw", "min_value": 0, "max_value": 5, "strict_max": True,
    }  # fmt: skip
    assert rules["kind_not_in_list"].kwargs == {"column": "kind", "value_set": ["u", "v"]}
    extra = load_suite(written(tmp_path, GOOD))
    assert [rule.reason for rule in table_suite(contract, extra).rules] == [*rules, "a_missing"]
