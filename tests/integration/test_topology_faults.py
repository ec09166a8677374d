"""Workers and schedulers of the production topology are killed in the middle of their work; the layer is read meanwhile."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from topology import Topology, eventually

from euregio.orchestration.services import SCHEDULER
from euregio.storage.journal import Incident, open_journal

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]
#: The French are observations, so each period is a batch of its own; the Belgian register is released once, here.
FRENCH, BELGIAN = "fr.charging__irve_dynamic", "be.charging__eco_movement"
TABLES = {FRENCH: "core.status_observation", BELGIAN: "core.recharging_point"}
NOW = datetime.now(UTC)


class Reader(threading.Thread):
    """Reads the layer without a pause: `errors` that it met, and every number of rows that it saw of a period."""

    def __init__(self, running: Topology) -> None:
        super().__init__(daemon=True)
        self.running, self.over, self.reads = running, threading.Event(), 0
        self.errors: list[str] = []
        self.seen: dict[tuple[str, str], set[int]] = {}

    def run(self) -> None:
        counted = " UNION ALL ".join(
            f"SELECT _dataset, _period, count(*) FROM {table} WHERE _dataset = '{dataset}' GROUP BY ALL"
            for dataset, table in TABLES.items()
        )
        while not self.over.wait(1):
            try:
                found = self.running.ask(counted)
            except Exception as error:
                self.errors.append(str(error))
                continue
            self.reads += 1
            for dataset, period, count in found:
                self.seen.setdefault((dataset, period), set()).add(count)


@pytest.fixture(scope="module")
def reader(running: Topology) -> Iterator[Reader]:
    """A reader beside all faults, after a release of the French without one; and a worker for Belgium."""
    running.up.services.start_worker("be", running.up.installation.environment)
    running.up.airflow.pause("indicators.charging", True)
    run = running.trigger(FRENCH, NOW - timedelta(days=9))
    assert running.ended(FRENCH, run["dag_run_id"])["state"] == "success"
    thread = Reader(running)
    thread.start()
    yield thread
    thread.over.set()
    thread.join(60)
    running.up.services.kill("worker-be")


def hold(running: Topology, dataset: str, point: str) -> Path:
    """Ask the dataset's next task to stay at a point; gives the file that appears when it is there."""
    asked = running.root / "hold" / f"{dataset}.{point}"
    asked.touch()
    return Path(f"{asked}.reached")


def rows(running: Topology, dataset: str, partition: str) -> tuple[int, int]:
    """Rows of the period in the layer, and releases noted."""
    period = partition.partition("|")[2]
    [counted] = running.ask(
        f"SELECT count(*), (SELECT count(*) FROM catalogue.release WHERE dataset = '{dataset}' "
        f"AND period = '{period}' AND 'core.' || table_name = '{TABLES[dataset]}') "
        f"FROM {TABLES[dataset]} WHERE _dataset = '{dataset}' AND _period = '{period}'"
    )
    return counted


def due(running: Topology, dataset: str) -> int:
    """Rows that a release has: by the sandbox's truth, for observations by the release without a fault."""
    if dataset == FRENCH:
        found = running.ask(
            f"SELECT released_count FROM catalogue.release WHERE dataset = '{dataset}' ORDER BY released_at LIMIT 1"
        )
    else:
        truth = next((running.root / "home" / "sandbox").rglob("points.parquet"))
        found = running.ask(
            f"SELECT count(*) FROM read_parquet('{truth}') WHERE dataset = '{dataset}' AND verdict <> 'quarantined'"
        )
    [(count,)] = found
    assert count > 10
    return count


def killed(running: Topology, dataset: str, points: tuple[str, ...]) -> dict[str, int]:
    """Run a dataset whose worker is killed with SIGKILL at each of the points; gives the tries of its tasks."""
    queue = dataset[:2]
    files = [hold(running, dataset, point) for point in points]
    run = running.trigger(dataset, NOW - timedelta(days=3))
    for file in files:
        eventually(file.exists, f"{dataset} at {file.name}", 300, 0.2)
        running.up.services.kill(f"worker-{queue}")
        file.unlink()
        running.up.services.start_worker(queue, running.up.installation.environment)
    assert running.ended(dataset, run["dag_run_id"])["state"] == "success"
    wanted = due(running, dataset)
    assert rows(running, dataset, run["partition_key"]) == (wanted, 1)
    return {name: task["try_number"] for name, task in running.up.airflow.tasks(dataset, run["dag_run_id"]).items()}


@pytest.mark.usefixtures("reader")
def test_a_worker_killed_in_each_of_the_four_tasks_costs_a_try_and_no_row(running: Topology) -> None:
    """`released` is after the commit, before Airflow hears of it: there the release is made a second time."""
    with ThreadPoolExecutor() as pool:
        french = pool.submit(killed, running, FRENCH, ("extract", "harmonise", "released"))
        belgian = pool.submit(killed, running, BELGIAN, ("check", "release"))
    assert french.result() == {"extract": 2, "check": 1, "harmonise": 2, "release": 2}
    assert belgian.result() == {"extract": 1, "check": 2, "harmonise": 1, "release": 2}


@pytest.mark.usefixtures("reader")
def test_one_partition_triggered_twice_at_once_under_two_schedulers_is_released_once(running: Topology) -> None:
    second = [sys.executable, "-m", "airflow", *SCHEDULER]
    running.up.services.start("scheduler-2", second, running.up.installation.environment)
    alive = "SELECT count(*) FROM job WHERE job_type = 'SchedulerJob' AND state = 'running'"
    eventually(lambda: int(running.servers.postgres.psql(alive, "airflow")) >= 2, "two schedulers")
    at = NOW - timedelta(days=1)
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: running.trigger(FRENCH, at), range(2)))
    ended = [running.ended(FRENCH, run["dag_run_id"]) for run in runs]
    assert [run["state"] for run in ended] == ["success", "success"]
    # the publisher's statuses move, so the later run may release anew; it must have waited for the earlier one's end
    tasks = sorted(
        (running.up.airflow.tasks(FRENCH, run["dag_run_id"]) for run in runs),
        key=lambda one: one["extract"]["start_date"],
    )
    assert tasks[0]["release"]["end_date"] < tasks[1]["extract"]["start_date"]
    assert rows(running, FRENCH, runs[0]["partition_key"]) == (due(running, FRENCH), 1)


@pytest.mark.usefixtures("reader")
def test_killed_schedulers_leave_a_run_that_a_new_one_finishes(running: Topology) -> None:
    """Both are killed while a task runs; its worker goes on, and its result is not asked for again."""
    file = hold(running, FRENCH, "check")
    run = running.trigger(FRENCH, NOW - timedelta(days=7))
    eventually(file.exists, "the task at its hold", 300, 0.2)
    for name in ("scheduler", "scheduler-2"):
        if name in running.up.services._running:
            running.up.services.kill(name)
    running.up.services.start_airflow(["scheduler"], running.up.installation.environment)
    file.unlink()
    assert running.ended(FRENCH, run["dag_run_id"])["state"] == "success"
    tasks = running.up.airflow.tasks(FRENCH, run["dag_run_id"])
    assert tasks["check"]["try_number"] == 1
    assert rows(running, FRENCH, run["partition_key"]) == (due(running, FRENCH), 1)


@pytest.mark.usefixtures("reader")
def test_a_run_beyond_its_deadline_is_noted_once_by_the_triggerer(running: Topology) -> None:
    """Its six hours are over at once: the scheduler gives the callback to the triggerer, which writes into the journal."""
    file = hold(running, FRENCH, "check")
    run = running.trigger(FRENCH, NOW - timedelta(days=11))
    eventually(file.exists, "the task at its hold", 300, 0.2)
    running.servers.postgres.psql(
        "UPDATE deadline SET deadline_time = now() FROM dag_run WHERE dag_run.id = dagrun_id AND NOT missed "
        f"AND run_id = '{run['dag_run_id']}'",
        "airflow",
    )

    def noted() -> list[Incident]:
        with open_journal(running.settings) as journal:
            return [one for one in journal.incidents(dataset=FRENCH) if one.kind == "run_hangs"]

    (one,) = eventually(noted, "the incident of a run that hangs", 120)
    assert one.facts["runs"] == [run["dag_run_id"]]
    assert one.facts["period"] == run["partition_key"].partition("|")[2]
    file.unlink()
    assert running.ended(FRENCH, run["dag_run_id"])["state"] == "success"
    assert [each.incident_id for each in noted()] == [one.incident_id]


def test_the_layer_was_readable_through_it_all_and_never_showed_half_a_release(
    running: Topology, reader: Reader
) -> None:
    assert reader.errors == []
    assert reader.reads > 20
    assert len(reader.seen) >= 4
    for (dataset, period), counts in reader.seen.items():
        assert counts == {due(running, dataset)}, (dataset, period)
