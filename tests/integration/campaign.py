"""A stand-in for Airflow's processes around the real DAGs: it runs their tasks, keeps what they leave, calls their callback.

What is real: the DAGs' task functions, the pipeline, the simulated publishers, notifier, desk, journal, SMTP, webhook.
"""

from __future__ import annotations

import asyncio
import traceback
import uuid
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from euregio.orchestration import dataset_dags, measuring, notices, watching
from euregio.orchestration.partitions import key_of


class Airflow:
    """Runs datasets' DAGs in this process."""

    def __init__(self, patch: Any) -> None:
        self.xcoms: dict[tuple[str, str, str], Any] = {}
        self.tasks: dict[tuple[str, str], dict[str, str]] = {}
        self.runs: dict[tuple[str, str], str] = {}
        self.state: dict[str, dict[str, Any]] = defaultdict(dict)
        self.context: dict[str, Any] = {}
        self.error: BaseException | None = None
        for module in (dataset_dags, measuring, notices, watching):
            patch.setattr(module, "get_current_context", lambda: self.context)
        patch.setattr("airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_task_states",
                      staticmethod(lambda dag_id, run_ids: {run: self.tasks[dag_id, run] for run in run_ids}))  # fmt: skip
        patch.setattr("airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_dagrun_state",
                      staticmethod(lambda dag_id, run_id: self.runs[dag_id, run_id]))  # fmt: skip
        patch.setattr("airflow.sdk.bases.xcom.BaseXCom.get_one", self._left)

    @property
    def said(self) -> str:
        """The last error of a task, with its way."""
        return "".join(traceback.format_exception(self.error))[-3000:] if self.error else ""

    def _left(self, *, key: str, dag_id: str, task_id: str, run_id: str, **_: Any) -> Any:
        return self.xcoms.get((dag_id, run_id, task_id, key))

    def run(self, dataset: Any, period: str, *faults: Any, killed: str | None = None, callback: bool = True) -> str:
        """Run a dataset's DAG for a period; gives the state of the run.

        `faults` are context managers that are open meanwhile; `killed` names the task whose process dies; without
        `callback` the DAG processor dies before it calls the callback.
        """
        dag, run_id = dataset_dags.dataset_dag(dataset), f"run-{uuid.uuid4().hex[:8]}"
        key = (dag.dag_id, run_id)
        partition = key_of(dataset.country_code or "EU", period)
        run = SimpleNamespace(
            partition_key=partition,
            conf={},
            run_after=None,
            dag_id=dag.dag_id,
            run_id=run_id,
            triggering_user_name=None,
        )
        self.tasks[key] = dict.fromkeys(("extract", "check", "harmonise", "release"), "upstream_failed")
        self.runs[key] = "running"
        reference: Any = None
        with ExitStack() as stack:
            for fault in faults:
                stack.enter_context(fault)
            for task in self.tasks[key]:
                self.context = self._context(run_id, run, dag, task)
                function = dag.get_task(task).python_callable
                try:
                    if task == killed:
                        raise SystemExit("killed")
                    reference = function() if task == "extract" else function(reference)
                    self.tasks[key][task] = "success"
                except AirflowSkipException:
                    break
                except BaseException as error:  # as Airflow's task runner: whatever ends a task makes it failed
                    self.tasks[key][task], self.error = "failed", error
                    break
        self.runs[key] = "failed" if "failed" in self.tasks[key].values() else "success"
        if self.runs[key] == "failed" and callback:
            for call in dag.on_failure_callback:
                call({"dag": dag, "run_id": run_id, "dag_run": run, "reason": "task_failure"})
        return self.runs[key]

    def hang(self, dataset: Any, period: str) -> str:
        """A run that does not end: its deadline's callback is called. Gives the run's id."""
        run_id = f"run-{uuid.uuid4().hex[:8]}"
        self.runs[dataset.id, run_id] = "running"
        dag = dataset_dags.dataset_dag(dataset)
        store = self.state[dag.get_task("extract").inlets[0].name]
        store["last_run"] = {"run_id": run_id, "period": period, "at": datetime.now(UTC).isoformat()}
        key = key_of(dataset.country_code or "EU", period)
        context = {"dag_run": {"dag_id": dataset.id, "dag_run_id": run_id, "partition_key": key}}
        asyncio.run(notices.note_hanging(within="6:00:00", context=context))
        return run_id

    def watch(self, at: datetime | None = None) -> dict[str, Any]:
        """A round of the watch."""
        self.context = {"asset_state_store": self._stores()}
        return watching.watch(at or datetime.now(UTC))

    def _context(self, run_id: str, run: Any, dag: Any, task: str) -> dict[str, Any]:
        def push(key: str, value: Any) -> None:
            self.xcoms[dag.dag_id, run_id, task, key] = value

        return {
            "run_id": run_id, "dag_run": run, "dag": dag, "ti": SimpleNamespace(xcom_push=push),
            "asset_state_store": self._stores(), "outlet_events": defaultdict(lambda: SimpleNamespace(extra=None)),
        }  # fmt: skip

    def _stores(self) -> Any:
        airflow = self

        class Stores:
            def __getitem__(self, asset: Any) -> Any:
                kept = airflow.state[asset.name]
                return SimpleNamespace(get=lambda key, default=None: kept.get(key, default), set=kept.__setitem__)

        return Stores()
