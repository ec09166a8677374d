"""A profile that has no bytes of a dataset is told as that: no publisher is blamed, and the way out is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from euregio.alerts import message
from euregio.alerts.problem import problem_of
from euregio.declarations.datasets import dataset
from euregio.declarations.profiles import load_profile
from euregio.errors import EuregioError
from euregio.extract.fetch.files import fetch_files
from euregio.orchestration.retries import RetryByKind
from euregio.storage.journal import Incident

AT = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
LIVE_ONLY, GATHERED = "pt.charging__mobie", "de.charging__bnetza"


def live_only_in_the_sandbox(_: Path) -> None:
    load_profile("sandbox").source(dataset(LIVE_ONLY), "2026-11-20")


def a_period_without_a_file(_: Path) -> None:
    load_profile("files").source(dataset(GATHERED), "1999-01")


def a_file_that_is_not_there(folder: Path) -> None:
    fetch_files("charging/de/register.csv", str(folder), folder)


def a_root_that_is_not_there(folder: Path) -> None:
    fetch_files("register.csv", str(folder / "none"), folder)


CASES = [live_only_in_the_sandbox, a_period_without_a_file, a_file_that_is_not_there, a_root_that_is_not_there]


@pytest.mark.parametrize("case", CASES)
def test_it_is_told_as_what_it_is(case: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(EuregioError) as caught:
        case(tmp_path)
    problem = problem_of(caught.value.at(GATHERED), "extract")
    assert problem.kind == "no_bytes"
    assert problem.do, "the error itself says what to do"
    facts = {
        "dataset": GATHERED,
        "title": "Register",
        "publisher": "The office",
        "country": "de",
        "problem": problem.to_json(),
    }
    incident = Incident("abc123", "k", GATHERED, problem.kind, "warning", "data engineering", AT, AT, 1, facts)
    text = message.message(incident, "opened", AT).text
    assert "The office was not asked" in text
    assert "EUREGIO_PROFILE=live" in text
    assert "euregio letter" not in text, "there is nothing to write to the publisher"
    for blaming in ("did not answer", "cannot be reached", "refuses", "sends something else"):
        assert blaming not in text


@pytest.mark.parametrize("case", CASES)
def test_it_is_not_tried_again(case: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(EuregioError) as caught:
        case(tmp_path)
    assert RetryByKind().evaluate(caught.value, 1, 5).action is RetryAction.FAIL
