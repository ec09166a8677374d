"""A real Airflow (SQLite, LocalExecutor) runs the DAGs of a small project; only the data's work is a stand-in."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from standin_airflow import standin_airflow

from euregio.settings import PROJECT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

AT = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
PROFILE = """kind: live
datasets: [eu.spatial__regions, nl.charging__good, de.charging__broken, fr.charging__stale]
"""
DATASET = """title: Register of {name}
publisher: Office
format: irve-static
rhythm: {rhythm}
source:
  url: https://{name}.example/register.csv
licence:
  id: CC-BY-4.0
release:
  access: open
  fields: [point_id]
"""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """An Airflow that is up, over a project with five datasets and one use case. It has ended when the module ends."""
    root = tmp_path_factory.mktemp("airflow")
    include = root / "project" / "include"
    for id_, rhythm in {
        "eu/spatial__regions": "P1Y", "nl/charging__good": "P1D", "de/charging__broken": "P1D",
        "fr/charging__stale": "P1D", "es/charging__unreachable": "P1M",
    }.items():  # fmt: skip
        _write(include / "datasets" / f"{id_}.yaml", DATASET.format(name=id_.split("__")[1], rhythm=rhythm))
    _write(include / "profiles" / "live.yaml", PROFILE)
    _write(include / "sql" / "harmonise" / "recharging_point" / "irve-static.sql", "")
    _write(
        include / "sql" / "indicators" / "charging" / "density.sql",
        "/*---\ninputs: [core.current_recharging_point]\n---*/\nSELECT 1",
    )
    (root / "project" / "dags").symlink_to(PROJECT / "dags")
    (root / "project" / "plugins").symlink_to(PROJECT / "plugins")
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with standin_airflow(root, EUREGIO_TASK_RETRIES="2") as session:
        yield session
    left = [
        one
        for one in psutil.Process().children(recursive=True)
        if one.pid not in before
        and one.status() != "zombie"
        and not any(
            parent.pid in before for parent in one.parents()
        )  # a browser of other tests has children of its own
    ]
    assert not left, f"processes outlived their session: {left}"


@pytest.fixture(scope="module")
def outcome(up):
    """The main job on it, once."""
    from euregio.orchestration import runner

    lines: list[str] = []
    done = runner.run_all(up, lines.append, AT)
    return {one.dag_id: one for one in done}, lines


def journal(up, **wanted: str) -> list[dict]:
    path = up.installation.settings.home / "journal.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [entry for entry in entries if all(entry.get(key) == value for key, value in wanted.items())]


def eventually(condition, seconds: float = 90):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.5)
    return found


def test_a_dataset_goes_through_its_four_steps_for_the_period_of_its_rhythm(up, outcome) -> None:
    done, _ = outcome
    assert done["nl.charging__good"].state == "success"
    assert done["nl.charging__good"].partition == "NL|2026-11-20"
    steps = [entry["step"] for entry in journal(up, dataset="nl.charging__good", period="2026-11-20")]
    assert steps == ["extract", "check", "harmonise", "release"]


@pytest.mark.usefixtures("outcome")
def test_reference_data_are_released_before_anything_else_is_fetched(up) -> None:
    order = [(entry["step"], entry["dataset"]) for entry in journal(up) if "dataset" in entry]
    assert order.index(("release", "eu.spatial__regions")) < min(
        position for position, (step, id_) in enumerate(order) if step == "extract" and not id_.startswith("eu.")
    )


def test_unchanged_bytes_end_the_run_early_and_visibly(up, outcome) -> None:
    done, lines = outcome
    assert done["fr.charging__stale"].unchanged
    assert any("fr.charging__stale" in line and "unchanged" in line for line in lines)
    states = {
        name: task["state"]
        for name, task in up.airflow.tasks("fr.charging__stale", done["fr.charging__stale"].run_id).items()
    }
    assert states == {"extract": "success", "check": "skipped", "harmonise": "skipped", "release": "skipped"}


def test_a_failed_task_is_named_with_its_error_and_its_log(outcome) -> None:
    done, lines = outcome
    broken = done["de.charging__broken"]
    assert (broken.state, broken.failed_task) == ("failed", "check")
    assert "these bytes are not the format" in broken.error
    assert "these bytes are not the format" in Path(broken.log).read_text()
    assert any("FAILED in check" in line for line in lines)


def test_wrong_bytes_are_not_tried_again(up, outcome) -> None:
    done, _ = outcome
    assert up.airflow.tasks("de.charging__broken", done["de.charging__broken"].run_id)["check"]["try_number"] == 1


def test_news_start_the_indicators_for_their_day_once(up, outcome) -> None:
    done, _ = outcome
    assert done["indicators.charging"].state == "success"
    assert {entry["period"] for entry in journal(up, step="compute")} >= {"2026-11-20"}
    assert journal(up, step="publish")


@pytest.mark.usefixtures("outcome")
def test_an_asset_event_tells_partition_and_rows(up) -> None:
    events = up.airflow._ask("GET", "/assets/events", params={"source_dag_id": "nl.charging__good"})["asset_events"]
    # in the first hours of a day Airflow's schedule may have asked for that day too
    (event,) = [event for event in events if not event["source_run_id"].startswith("scheduled")]
    assert event["partition_key"] == "NL|2026-11-20"
    assert event["extra"] | {"rows": 3, "period": "2026-11-20"} == event["extra"]


def test_a_publisher_that_is_down_is_tried_again_when_it_asked_to_be(up) -> None:
    up.airflow.pause("es.charging__unreachable", False)
    run_id = up.airflow.trigger("es.charging__unreachable", "ES|2026-11")
    task = eventually(
        lambda: (
            (found := up.airflow.tasks("es.charging__unreachable", run_id)["extract"])["state"] == "up_for_retry"
            and found
        )
    )
    log = Path(up.installation.log_of("es.charging__unreachable", run_id, "extract", task["try_number"])).read_text()
    assert "in 3600 s" in log


@pytest.mark.usefixtures("outcome")
def test_a_range_of_partitions_is_backfilled_from_the_command_line(up) -> None:
    computed = len(journal(up, step="compute"))
    up.installation.airflow(
        "backfill", "create", "--dag-id", "nl.charging__good", "--from-date", "2026-11-17", "--to-date", "2026-11-18"
    )
    eventually(
        lambda: {entry["period"] for entry in journal(up, step="release", dataset="nl.charging__good")}
        >= {"2026-11-17", "2026-11-18"}
    )  # fmt: skip
    asked = journal(up, step="extract", dataset="nl.charging__good")
    assert {entry["period"] for entry in asked if not entry["run_id"].startswith("scheduled")} == {
        "2026-11-17", "2026-11-18", "2026-11-20",
    }  # fmt: skip
    # values are of the releases in force: news of past days are computed too, under the newest day that is known
    eventually(lambda: len(journal(up, step="compute")) > computed)


@pytest.mark.usefixtures("outcome")
def test_one_period_is_run_from_the_command_line(up) -> None:
    up.installation.airflow("dags", "trigger", "nl.charging__good", "--conf", '{"period": "2026-10-05"}')
    eventually(lambda: journal(up, step="release", dataset="nl.charging__good", period="2026-10-05"))
    event = eventually(lambda: [
        one for one in up.airflow._ask("GET", "/assets/events", params={"source_dag_id": "nl.charging__good"})["asset_events"]
        if one["extra"].get("period") == "2026-10-05"
    ])[0]  # fmt: skip
    assert event["partition_key"] == "NL|2026-10-05"


def test_the_atlas_stands_behind_the_log_in(up) -> None:
    address = f"{up.installation.address}/euregio/atlas/"
    assert httpx.get(address).status_code == 401
    token = httpx.post(
        f"{up.installation.address}/auth/token", json={"username": "admin", "password": up.installation.password}
    ).json()
    answer = httpx.get(address, headers={"Authorization": f"Bearer {token['access_token']}"})
    assert (answer.status_code, "atlas" in answer.text) == (200, True)
