"""The main job: every DAG through Airflow, in the order of its data, with a line for each. `make run` and `make ui`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from euregio.declarations.datasets import Dataset
from euregio.declarations.profiles import Profile, load_profile
from euregio.orchestration.installation import Installation, OrchestrationError
from euregio.orchestration.partitions import EUROPE, LATEST, Rhythm, key_of, period_of
from euregio.orchestration.progress import AtWork, Progress
from euregio.orchestration.publishers import ADDRESS
from euregio.orchestration.rest import Airflow
from euregio.orchestration.session import WITH_UI, Session, session

#: DAG of a use case: `indicators.<use case>` (indicator_dags.py, which imports Airflow, and the runner does not).
INDICATORS = "indicators."
_COUNTS = ("rows", "admitted", "corrected", "quarantined", "released", "withheld")
_FINAL = ("success", "failed")
#: Seconds between two looks at the runs, and within which news become a run (it took about 1 s).
_POLL, _NEWS_WAIT = 0.7, 8.0
#: After so many looks it is asked whether the DAGs are still there.
_LOOKS = 15
#: So many of the datasets' last releases are news for the indicators.
_LAST_FEW = 3


@dataclass
class Done:
    """What came of one DAG run. `counts` is what its last task handed on; `error` and `log` only where it failed."""

    dag_id: str
    run_id: str
    partition: str
    state: str
    seconds: float
    unchanged: bool = False
    counts: dict[str, Any] = field(default_factory=dict)
    failed_task: str = ""
    error: str = ""
    log: str = ""

    @property
    def line(self) -> str:
        """One line for people."""
        if self.failed_task:
            return f"FAILED in {self.failed_task}: {self.error}  (log: {self.log})"
        if self.state != "success":
            return self.state
        if self.unchanged:
            return (
                "a later run took it along"
                if self.dag_id.startswith(INDICATORS)
                else "unchanged, the last release stands"
            )
        numbers = [f"{name} {self.counts[name]:,}" for name in _COUNTS if name in self.counts]
        return ", ".join(numbers) or "done"


@dataclass
class Outcome:
    """What came of a whole run."""

    done: list[Done]
    seconds: float
    started_in: float

    @property
    def failed(self) -> list[Done]:
        return [done for done in self.done if done.state != "success"]


def run(profile: str, at: datetime | None = None) -> Outcome:
    """Run the DAG of every dataset that the profile serves, European reference data first, then the indicators.

    The period is that of `at` (now), or those that the profile's files stand for.

    Prints a line for each thing that ends, and what is at work. Raises OrchestrationError and DeclarationError; a
    failed DAG does not raise, it is in the outcome.
    """
    began, at = time.monotonic(), at or datetime.now(UTC)
    # A failure is told at once, not after Airflow's hour of retries; the fetchers try again by themselves.
    # The DAG files are read once: nothing changes while it runs.
    settled = {
        "EUREGIO_TASK_RETRIES": "0",
        "EUREGIO_WATCH_MINUTES": "0",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    }
    installation = Installation(profile, extra=settled)
    with Progress() as show:
        show(_starting(profile))
        show.at_work([AtWork("Airflow", "starts", time.time())])
        with session(installation) as up:
            started_in = time.monotonic() - began
            show(f"Airflow is up after {started_in:.0f} s")
            done = run_all(up, show, at)
            show.at_work([AtWork("Airflow", "ends", time.time())])
    return Outcome(done, time.monotonic() - began, started_in)


def run_all(up: Session, show: Callable[[str], None], at: datetime) -> list[Done]:
    """The same on an Airflow that is up."""
    return _Work(up, show, at, load_profile(up.installation.profile)).everything()


class _Work:
    """The runs of one session, from their triggers to their ends."""

    def __init__(self, up: Session, show: Callable[[str], None], at: datetime, profile: Profile) -> None:
        self.up, self.show, self.at, self.profile = up, show, at, profile
        self.datasets = [dataset for dataset in up.datasets if profile.serves(dataset)]
        self.since = datetime.now(UTC).isoformat()
        self.airflow: Airflow = up.airflow
        self.indicators = sorted(dag_id for dag_id in self.airflow.dags() if dag_id.startswith(INDICATORS))

    def everything(self) -> list[Done]:
        """All runs, in the order of their data.

        Each release is news that would compute the indicators anew, so their DAGs listen only from the last few
        releases on; what they did not hear of is computed by a run of its own.
        """
        self._listen(False)
        try:
            # Points get their region from the reference data, so that comes first.
            done = self._datasets([dataset for dataset in self.datasets if dataset.country_code is None])
            done += self._datasets([dataset for dataset in self.datasets if dataset.country_code], listen=True)
        finally:
            self._listen(True)
        days = sorted({self._day(one) for one in done if one.state == "success" and not one.unchanged})
        for dag_id in self.indicators:
            done += self._indicators(dag_id, days)
        return done

    def _listen(self, listen: bool) -> None:
        for dag_id in self.indicators:
            self.airflow.pause(dag_id, not listen)

    def _day(self, one: Done) -> str:
        """The day whose indicators a release concerns: that of a daily or finer period, else the present."""
        rhythm = Rhythm.of(next(dataset.rhythm for dataset in self.datasets if dataset.id == one.dag_id))
        return period_of(one.partition)[:10] if rhythm.daily_or_finer else self.at.date().isoformat()

    def _datasets(self, datasets: Iterable[Dataset], listen: bool = False) -> list[Done]:
        waiting = set()
        for dataset in datasets:
            self.airflow.pause(dataset.id, False)
            now = Rhythm.of(dataset.rhythm, where=dataset.id).period(self.at)
            for period in sorted(self.profile.periods(dataset.id)) or [now]:
                key = key_of(dataset.country_code or EUROPE, period)
                waiting.add((dataset.id, self.airflow.trigger(dataset.id, key)))
        done: list[Done] = []
        ended = self._ended(waiting, "release")
        while len(done) < len(waiting):
            if listen and len(waiting) - len(done) <= _LAST_FEW:
                self._listen(True)
                listen = False
            done.append(next(ended))
        return done

    def _indicators(self, dag_id: str, days: list[str]) -> list[Done]:
        """The runs that news made, to the last, and one for each day of `days` that none of them was for."""
        today = self.at.date().isoformat()
        end = time.monotonic() + (_NEWS_WAIT if days else 0)
        while not (runs := self._runs_of(dag_id)) and time.monotonic() < end:
            time.sleep(_POLL)
        covered = {period_of(run["partition_key"]).replace(LATEST, today) for run in runs.values()}
        wanted = [day for day in days if day not in covered]
        if not runs and not wanted:
            last = self.airflow.last_run(dag_id)
            if last and last["state"] == "success":
                self.show(f"{dag_id:34} nothing new, the last indicators stand")
                return []
            wanted = [today]
        waiting = set(runs) | {(dag_id, self.airflow.trigger(dag_id, key_of(EUROPE, day))) for day in wanted}
        done: list[Done] = []
        while waiting:  # a run may have been queued while another ended
            done += self._ended(waiting, "compute")
            waiting = set(self._runs_of(dag_id)) - {(one.dag_id, one.run_id) for one in done}
        return done

    def _runs_of(self, dag_id: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {key: run for key, run in self.airflow.run_states(self.since).items() if key[0] == dag_id}

    def _ended(self, runs: set[tuple[str, str]], last_task: str) -> Iterator[Done]:
        """Each of the runs as it ends, with a line for it."""
        waiting, looks = set(runs), 0
        while waiting:
            self.up.services.check()
            looks += 1
            if looks % _LOOKS == 0 and (gone := {dag_id for dag_id, _ in waiting} - set(self.airflow.dags())):
                why = "; ".join(self.airflow.import_errors()) or None
                raise OrchestrationError("a DAG is gone while it ran", where=", ".join(sorted(gone)), found=why)
            states = self.airflow.run_states(self.since)
            for key in sorted(key for key in waiting if states.get(key, {}).get("state") in _FINAL):
                waiting.remove(key)
                one = self._done(states[key], last_task)
                self.show(f"{key[0]:34} {one.seconds:5.1f} s  {one.line}")
                yield one
            if waiting:
                self._at_work([states[key] for key in waiting if key in states])
                time.sleep(_POLL)

    def _at_work(self, runs: list[dict[str, Any]]) -> None:
        """Let `show` tell what goes on, where it can and wants to."""
        if not isinstance(self.show, Progress) or not self.show.due:
            return
        tasks = self.airflow.running_tasks(self.since)
        going = sorted((run for run in runs if run["state"] == "running"), key=lambda run: str(run["start_date"]))
        working = [
            AtWork(run["dag_id"], *tasks.get((run["dag_id"], run["dag_run_id"]), ("", _instant(run["start_date"]))))
            for run in going
            if run["start_date"]
        ]
        self.show.at_work(working, sum(1 for run in runs if run["state"] == "queued"))

    def _done(self, run: dict[str, Any], last_task: str) -> Done:
        dag_id, run_id = run["dag_id"], run["dag_run_id"]
        seconds = _instant(run["end_date"]) - _instant(run["start_date"] or run["end_date"])
        one = Done(dag_id, run_id, run["partition_key"] or "", run["state"], seconds)
        tasks = self.airflow.tasks(dag_id, run_id)
        if run["state"] == "failed":
            failed = [task for task in tasks.values() if task["state"] == "failed"]
            if failed:
                task = min(failed, key=lambda one: one["start_date"] or "")
                one.failed_task = task["task_id"]
                one.error = self.airflow.error_of(dag_id, run_id, task["task_id"], task["try_number"])
                one.log = str(self.up.installation.log_of(dag_id, run_id, task["task_id"], task["try_number"]))
        elif tasks.get(last_task, {}).get("state") == "skipped":
            one.unchanged = True
        else:
            result = self.airflow.result(dag_id, run_id, last_task)
            one.counts = result if isinstance(result, dict) else {}
        return one


def ui(profile: str) -> None:
    """Start Airflow with its UI on the same state, print address and log-in, and stay until Ctrl-C."""
    installation = Installation(profile, port=int(os.environ.get("EUREGIO_UI_PORT") or 0))
    try:
        print(_starting(profile), flush=True)
        with session(installation, WITH_UI) as up:
            if address := installation.extra.get(ADDRESS):
                print(f"Simulated publishers: {address}   (they misbehave on order: docs/how-to/alerts.md)", flush=True)
            print(f"Airflow: {installation.address}   user admin   password {installation.password}", flush=True)
            print("Ctrl-C ends it.", flush=True)
            while True:
                up.services.check()
                time.sleep(1)
    except KeyboardInterrupt:
        print("Ended.")


def airflow_command(profile: str, arguments: list[str]) -> int:
    """An `airflow` command on this installation's Airflow (`backfill create …`, `dags trigger …`); gives its exit code."""
    installation = Installation(profile)
    installation.prepare()
    command = [sys.executable, "-m", "airflow", *arguments]
    return subprocess.run(command, env=installation.environment, check=False).returncode


def _starting(profile: str) -> str:
    return f"Starting Airflow (profile {profile}); the first time it makes its database, which takes longest"


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
