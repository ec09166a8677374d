"""A run that exceeds its deadline under a real scheduler and triggerer becomes one incident, and is told once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from standin_airflow import standin_airflow

from euregio.orchestration.session import WITH_UI
from euregio.settings import PROJECT
from euregio.storage.journal import open_journal

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

HANGING, GOOD = "nl.charging__hanging", "nl.charging__good"
PROFILE = f"kind: live\ndatasets: [{HANGING}, {GOOD}]\n"
DATASET = """title: Register
publisher: Office
format: irve-static
rhythm: P1D
source: {url: https://register.example/register.csv}
licence: {id: CC-BY-4.0}
release: {access: open, fields: [point_id]}
service: {run_within: PT1M}
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An Airflow with a triggerer, over two datasets whose runs have a minute: one takes longer."""
    root = tmp_path_factory.mktemp("deadline")
    include = root / "project" / "include"
    for id_ in (HANGING, GOOD):
        path = include / "datasets" / f"{id_.replace('.', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(DATASET)
    (include / "profiles").mkdir()
    (include / "profiles" / "live.yaml").write_text(PROFILE)
    harmonising = include / "sql" / "harmonise" / "recharging_point" / "irve-static.sql"
    harmonising.parent.mkdir(parents=True)
    harmonising.write_text("")
    for name in ("dags", "plugins"):
        (root / "project" / name).symlink_to(PROJECT / name)
    for name in ("alerts", "codes", "alerts.yaml"):
        (include / name).symlink_to(PROJECT / "include" / name)
    with standin_airflow(
        root, WITH_UI, EUREGIO_TASK_RETRIES="0", EUREGIO_WATCH_MINUTES="0", EUREGIO_STANDIN_SLEEP_S="100"
    ) as session:
        yield session


def eventually(condition: Any, seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.5)
    return found


def incidents(up: Any) -> list[Any]:
    with open_journal(up.installation.settings) as journal:
        return journal.incidents()


def test_a_run_that_exceeds_its_deadline_is_one_incident_and_a_quick_one_none(up: Any) -> None:
    for name in (GOOD, HANGING):
        up.airflow.pause(name, False)
    good = up.airflow.trigger(GOOD, "NL|2026-11-20")
    hanging = up.airflow.trigger(HANGING, "NL|2026-11-20")
    (one,) = eventually(lambda: incidents(up), 150)
    assert (one.dataset, one.kind, one.facts["runs"]) == (HANGING, "run_hangs", [hanging])
    state = {run["dag_run_id"]: run["state"] for run in up.airflow._ask("GET", "/dags/~/dagRuns")["dag_runs"]}
    assert (state[good], state[hanging]) == ("success", "running")
    eventually(lambda: up.airflow.last_run(HANGING)["state"] == "success")
    assert [each.incident_id for each in incidents(up)] == [one.incident_id]
