"""From Airflow to the desk: what a failing task leaves, the callback of a failed run, the deadline of one that hangs.

A worker may have neither the journal nor a mail server (a country's own, over Edge), so a task only leaves its
problem as XCom. The DAG's `on_failure_callback` runs in the DAG processor, beside the journal, once the run has
failed: retries tell nobody. Airflow's listeners would run inside the scheduler's loop, where a slow mail server would
hold up every DAG; so they are not used.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseNotifier, get_current_context
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from euregio.orchestration import observed

_LOG = logging.getLogger(__name__)
#: Keys in Airflow's asset state, for the watch: the last run of a dataset that began, and the last that was done with it.
LAST_RUN, LAST_LOOK = "last_run", "last_look"
INDICATORS = "indicators."


@contextmanager
def leaving_problem(step: str, reference: Any = None) -> Iterator[None]:
    """Within it a task's error leaves its problem as XCom and is raised again. `reference`: the batch handed on."""
    from airflow.sdk.exceptions import AirflowSkipException

    from euregio.alerts.problem import XCOM_KEY, problem_of

    try:
        yield
    except AirflowSkipException:
        raise
    except Exception as error:
        try:
            problem = problem_of(error, step, reference if isinstance(reference, dict) else None)
            content = {**problem.to_json(), **_evidence(problem, error, reference)}
            get_current_context()["ti"].xcom_push(key=XCOM_KEY, value=content)
        except Exception:  # the error itself is what must be seen
            _LOG.exception("the problem could not be handed on")
        raise


def _evidence(problem: Any, error: BaseException, reference: Any) -> dict[str, Any]:
    """What the worker's zone adds to a problem: the landed files, numbers of records; no rows leave here."""
    batch = getattr(error, "facts", {}).get("batch") or (reference if isinstance(reference, dict) else {})
    found: dict[str, Any] = {}
    if not (batch.get("dataset") and batch.get("files")):
        return found
    try:
        from euregio.alerts import evidence
        from euregio.declarations.datasets import dataset
        from euregio.pipeline import Batch, zone_of
        from euregio.settings import Settings

        settings = Settings()
        zone = zone_of(dataset(batch["dataset"]), settings)
        found["fetched"] = evidence.landed(zone, batch["files"])
        if problem.table:
            rows = f"{Batch.from_json(batch).folder}/rows-{problem.table}.parquet"
            found["records"] = evidence.records(zone, rows, settings)
    except Exception:  # the zone may be what is broken
        _LOG.exception("the zone shows nothing of the problem")
    return found


def note(assets: Sequence[Any], key: str, period: str | None) -> None:
    """Note in the first asset's state that the present run has begun, or is done with its dataset."""
    context = get_current_context()
    said: Any = {"run_id": context["run_id"], "period": period, "at": datetime.now(UTC).isoformat()}
    try:
        for asset in assets[:1]:
            context["asset_state_store"][asset].set(key, said)
    except Exception:  # a second line of defence must not fail what it defends
        _LOG.exception("the run could not be noted for the watch")


class TellFailure(BaseNotifier):
    """The callback of every DAG: a failed run becomes an incident, and is told."""

    def notify(self, context: Any) -> None:
        """Report the failed run of the context. Raises nothing that a channel raises: the journal notes that."""
        dag, run_id = context["dag"], context["run_id"]
        run = context.get("dag_run")
        order = [task.task_id for task in dag.topological_sort()]
        report_run(dag.dag_id, run_id, order, partition=getattr(run, "partition_key", None))


#: One for all DAGs: making 600 of them would be a part of all parsing.
TELL_FAILURE = TellFailure()


def report_run(
    dag_id: str, run_id: str, tasks: list[str], *, partition: str | None = None, period: str | None = None
) -> None:
    """Report a failed run to the desk: its first failed task's problem, or that the task died without one."""
    from euregio.alerts.problem import XCOM_KEY, Problem, died

    task_id, content = _left_problem(dag_id, run_id, tasks, XCOM_KEY)
    problem = Problem.from_json(content) if content else died()
    about = about_run(
        dag_id, run_id, task_id, period or (partition or "").partition("|")[2] or problem.batch.get("period")
    )
    about["samples"] = _samples(dag_id, problem)
    try:
        with desk() as open_desk:
            open_desk.report(problem, about, datetime.now(UTC))
    finally:
        observed.failed(dag_id, run_id, about["period"], problem.to_json())


def _samples(dataset_id: str, problem: Any) -> list[str]:
    """Rows for the alert where this process can read the zone and the policy lets them: never from a country's own worker."""
    if not (problem.table and problem.batch.get("batch_id")):
        return []
    try:
        from euregio.alerts import evidence
        from euregio.declarations.datasets import dataset
        from euregio.declarations.tables import load_table
        from euregio.pipeline import zone_of
        from euregio.settings import Settings

        settings, declared = Settings(), dataset(dataset_id)
        folder = f"batches/{problem.batch['period'].replace(':', '')}/{problem.batch['batch_id']}"
        rows = f"{folder}/rows-{problem.table}.parquet"
        return evidence.sample_rows(zone_of(declared, settings), declared, load_table(problem.table), rows, settings)
    except Exception:
        _LOG.exception("no sample rows")
        return []


def about_run(dag_id: str, run_id: str | None, task_id: str | None, period: str | None) -> dict[str, Any]:
    """Facts of a run and of its dataset (or use case), with links into Airflow's UI."""
    from airflow.configuration import conf

    from euregio.alerts.facts import about, about_use_case
    from euregio.declarations.alerts import load_alerts
    from euregio.orchestration.assets import tables_of

    if dag_id.startswith(INDICATORS):
        facts = about_use_case(dag_id.removeprefix(INDICATORS), dag_id)
    else:
        facts = about(dag_id, _tables_fed(dag_id, tables_of))
    base = str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")
    facts["page_url"] = base + load_alerts().page.format(dataset=dag_id)
    if run_id:
        facts["run_id"] = run_id
        facts["run_url"] = f"{base}/dags/{dag_id}/runs/{quote(run_id)}" + (f"/tasks/{task_id}" if task_id else "")
    return {**facts, "period": _period(period)}


def _period(text: object) -> str | None:
    """The period; None where it is none: a run's partition key is whatever the person wrote who started it."""
    from euregio.declarations.datasets import checked_period
    from euregio.errors import EuregioError

    try:
        return checked_period(str(text))
    except EuregioError:
        return None


@contextmanager
def desk() -> Iterator[Any]:
    """The desk over this installation's journal, with Airflow's connections for its channels."""
    from euregio.alerts.desk import Desk
    from euregio.declarations.alerts import load_alerts
    from euregio.orchestration.post import AirflowPost
    from euregio.storage.journal import open_journal

    with open_journal() as journal:
        yield Desk(journal, load_alerts(), AirflowPost())


async def note_hanging(**facts: Any) -> None:
    """The callback of a missed deadline, in the triggerer: opens the incident. The watch tells it within minutes,

    for what this process may ask of Airflow does not include connections.
    """
    import asyncio

    await asyncio.to_thread(_note_hanging, facts)


def _note_hanging(facts: Mapping[str, Any]) -> None:
    from euregio.alerts.problem import hanging

    run = (facts.get("context") or {}).get("dag_run") or {}
    dag_id, run_id = run.get("dag_id"), run.get("dag_run_id") or run.get("run_id")
    if not dag_id:
        _LOG.error("a deadline was missed, but Airflow does not say by which run")
        return
    period = str(run.get("partition_key") or "").partition("|")[2] or None
    with desk() as open_desk:
        open_desk.report(
            hanging(facts.get("within")), about_run(dag_id, run_id, None, period), datetime.now(UTC), tell=False
        )


@functools.cache
def deadline(within: timedelta) -> DeadlineAlert:
    """The deadline of a DAG's runs, counted from when they are queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=within, callback=AsyncCallback(note_hanging, kwargs={"within": str(within)}),
    )  # fmt: skip


def _left_problem(dag_id: str, run_id: str, tasks: list[str], key: str) -> tuple[str | None, dict[str, Any] | None]:
    """The run's first failed task and the problem it left; asked of Airflow as a task may."""
    from airflow.sdk.bases.xcom import BaseXCom
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id]).get(run_id, {})
    failed = [task for task in tasks if states.get(task) == "failed"]
    for task in failed:
        found = BaseXCom.get_one(key=key, dag_id=dag_id, task_id=task, run_id=run_id, map_index=-1)
        if isinstance(found, dict):
            return task, found
    return (failed[0] if failed else None), None


def _tables_fed(dataset_id: str, tables_of: Any) -> tuple[str, ...]:
    from euregio.declarations.datasets import dataset
    from euregio.errors import EuregioError

    try:
        return tuple(tables_of(dataset(dataset_id)))
    except EuregioError:
        return ()
