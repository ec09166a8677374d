"""The main job: every DAG through Airflow, in the order of its data, with a line for each. `make run` and `make ui`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from euregio.declarations.datasets import Dataset
from euregio.errors import EuregioError
from euregio.orchestration.installation import Installation
from euregio.orchestration.partitions import EUROPE, Rhythm, key_of
from euregio.orchestration.rest import Airflow
from euregio.orchestration.session import WITH_UI, Session, session

#: DAG of a use case: `indicators.<use case>` (indicator_dags.py, which imports Airflow, and the runner does not).
INDICATORS = "indicators."
_FINAL = ("success", "failed")
#: Seconds within which the scheduler makes an asset-triggered run of the last news (it took about 1 s).
_NEWS_WAIT = 20.0


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
            return "unchanged, the last release stands"
        numbers = [f"{name} {value:,}" for name, value in self.counts.items() if isinstance(value, int) and value is not True]
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


def run(profile: str, show: Callable[[str], None] | None = None, at: datetime | None = None) -> Outcome:
    """Run every dataset's DAG for the period of `at` (now), European reference data first, then the indicators.

    `show` gets a line for each thing that ends. Raises OrchestrationError and DeclarationError; a failed DAG does not
    raise, it is in the outcome.
    """
    show = show or progress()
    began, at = time.monotonic(), at or datetime.now(UTC)
    # A failure is told at once, not after Airflow's hour of retries; the fetchers try again by themselves.
    installation = Installation(profile, extra={"EUREGIO_TASK_RETRIES": "0"})
    with session(installation) as up:
        started_in = time.monotonic() - began
        show(f"Airflow is up after {started_in:.0f} s: {len(up.datasets)} datasets, profile {profile}")
        work = _Work(up, show, at)
        done = work.everything()
    return Outcome(done, time.monotonic() - began, started_in)


class _Work:
    """The runs of one session, from their triggers to their ends."""

    def __init__(self, up: Session, show: Callable[[str], None], at: datetime) -> None:
        self.up, self.show, self.at = up, show, at
        self.since = datetime.now(UTC).isoformat()
        self.airflow: Airflow = up.airflow

    def everything(self) -> list[Done]:
        indicators = [dag_id for dag_id in self.airflow.dags() if dag_id.startswith(INDICATORS)]
        # Points get their region from the reference data, so that comes first; its news alone compute nothing yet.
        reference = [dataset for dataset in self.up.datasets if dataset.country_code is None]
        done = self._datasets(reference)
        for dag_id in indicators:
            self.airflow.unpause(dag_id)
        done += self._datasets([dataset for dataset in self.up.datasets if dataset.country_code])
        news = any(one.state == "success" and not one.unchanged for one in done)
        for dag_id in indicators:
            done += self._indicators(dag_id, news)
        return done

    def _datasets(self, datasets: Iterable[Dataset]) -> list[Done]:
        waiting = set()
        for dataset in datasets:
            self.airflow.unpause(dataset.id)
            period = Rhythm.of(dataset.rhythm, where=dataset.id).period(self.at)
            waiting.add((dataset.id, self.airflow.trigger(dataset.id, key_of(dataset.country_code or EUROPE, period))))
        return self._ended(waiting, "release")

    def _indicators(self, dag_id: str, news: bool) -> list[Done]:
        """The runs that news made, to the last. Where none came (nothing is new) the last result stands, if there is one."""
        end = time.monotonic() + (_NEWS_WAIT if news else 0)
        while True:
            runs = {key for key in self.airflow.run_states(self.since) if key[0] == dag_id}
            if runs or time.monotonic() > end:
                break
            time.sleep(0.5)
        if not runs:
            last = self.airflow.last_run(dag_id)
            if last and last["state"] == "success":
                self.show(f"{dag_id:34} nothing new, the last indicators stand")
                return []
            runs = {(dag_id, self.airflow.trigger(dag_id, key_of(EUROPE, self.at.date().isoformat())))}
        done: list[Done] = []
        while runs:  # a run may have been queued while another ended
            done += self._ended(runs, "compute")
            ended = {(one.dag_id, one.run_id) for one in done}
            runs = {key for key in self.airflow.run_states(self.since) if key[0] == dag_id} - ended
        return done

    def _ended(self, waiting: set[tuple[str, str]], last_task: str) -> list[Done]:
        """Wait for the runs; a line for each as it ends."""
        done, waiting = [], set(waiting)
        while waiting:
            self.up.services.check()
            states = self.airflow.run_states(self.since)
            for key in sorted(key for key in waiting if states.get(key, {}).get("state") in _FINAL):
                waiting.remove(key)
                done.append(self._done(states[key], last_task))
                self.show(f"{key[0]:34} {done[-1].seconds:5.1f} s  {done[-1].line}")
            if waiting:
                time.sleep(0.5)
        return done

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
        with session(installation, WITH_UI) as up:
            print(f"Airflow: {installation.address}   user admin   password {installation.password}", flush=True)
            print("Ctrl-C ends it.", flush=True)
            while True:
                up.services.check()
                time.sleep(1)
    except KeyboardInterrupt:
        print("Ended.")


def progress() -> Callable[[str], None]:
    """A way to show lines: with colour on a terminal, plain elsewhere."""
    if not sys.stdout.isatty():
        return lambda line: print(line, flush=True)
    from rich.console import Console

    console = Console(highlight=False)
    return lambda line: console.print(line, style="red" if " FAILED " in line else None, markup=False)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def main(arguments: list[str] | None = None) -> int:
    """`python -m euregio.orchestration.runner run|ui --profile NAME`. Exit 1 where a DAG failed."""
    import argparse

    parser = argparse.ArgumentParser(prog="euregio run", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "ui"), default="run")
    parser.add_argument("--profile", default=os.environ.get("EUREGIO_PROFILE") or "sandbox")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.what == "ui":
            ui(chosen.profile)
            return 0
        outcome = run(chosen.profile)
    except EuregioError as error:
        print(f"euregio: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("euregio: interrupted, everything is ended", file=sys.stderr)
        return 130
    print(f"{len(outcome.done)} runs in {outcome.seconds:.0f} s, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
