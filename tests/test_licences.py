"""The list of licences and the policy that it is held to."""

from __future__ import annotations

import importlib.util
from email.message import Message
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
import yaml

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "licences"
LOADER = SourceFileLoader("licences_script", str(SCRIPT))
licences: Any = importlib.util.module_from_spec(importlib.util.spec_from_loader("licences_script", LOADER))  # type: ignore[arg-type]
LOADER.exec_module(licences)
POLICY = yaml.safe_load(licences.POLICY.read_text())


def metadata(**told: Any) -> Message:
    made = Message()
    for name, texts in told.items():
        for text in texts if isinstance(texts, list) else [texts]:
            made[name.replace("_", "-")] = text
    return made


def test_the_list_names_every_package_of_the_locks_that_is_here() -> None:
    found, wrong = licences.survey(POLICY)
    assert wrong == []
    listed = dict(licences.ROW.findall(licences.LIST.read_text()))
    assert licences.outdated(found, listed) == []
    assert len(found) > 150


def test_a_line_that_is_wrong_or_lacks_or_is_of_no_lock_is_named() -> None:
    found, _ = licences.survey(POLICY)
    listed = dict(licences.ROW.findall(licences.LIST.read_text()))
    wrong = {**listed, "duckdb": "Proprietary", "no-such-package": "MIT"}
    del wrong["numpy"], wrong["pyarrow"]
    assert set(licences.outdated(found, wrong)) >= {"duckdb", "no-such-package", "pyarrow"}


@pytest.mark.parametrize(
    ("told", "expression"),
    [
        (metadata(License_Expression="MIT OR Apache-2.0"), "MIT OR Apache-2.0"),
        (metadata(License_Expression="mit", Classifier="License :: OSI Approved :: BSD License"), "MIT"),
        (metadata(Classifier=["License :: OSI Approved", "License :: OSI Approved :: MIT License"]), "MIT"),
        (metadata(Classifier=["License :: OSI Approved :: MIT License", "License :: OSI Approved :: BSD License"]), "MIT AND BSD-3-Clause"),
        (metadata(License="Apache License, Version 2.0\n\nlong text"), "Apache-2.0"),
        (metadata(License="do what you like"), None), (metadata(), None),
    ],
)  # fmt: skip
def test_what_metadata_say_becomes_an_expression_or_nothing(told: Message, expression: str | None) -> None:
    assert licences.expression_of(told, POLICY) == expression


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("MIT", True), ("AGPL-3.0-only", False), ("MIT OR AGPL-3.0-only", True), ("MIT AND AGPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND (BSD-3-Clause OR AGPL-3.0-only)", True), ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("LicenseRef-Proprietary", False), ("MIT AND (Apache-2.0 OR BSD-2-Clause)", True),
    ],
)  # fmt: skip
def test_an_expression_is_met_as_spdx_says(expression: str, may: bool) -> None:
    assert licences.allows(expression, set(POLICY["allowed"])) is may


def test_a_package_that_may_not_be_or_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = licences.survey(POLICY)
    some = next(name for name, told in found.items() if told == "MIT")
    _, wrong = licences.survey({**POLICY, "allowed": [one for one in POLICY["allowed"] if one != "MIT"]})
    assert f"{some}: MIT is not allowed by scripts/licences.yaml" in wrong
    monkeypatch.setattr(licences, "expression_of", lambda *_: None)
    _, wrong = licences.survey(POLICY)
    assert f"{some}: its metadata name no licence that is known: look it up, add it to scripts/licences.yaml" in wrong
