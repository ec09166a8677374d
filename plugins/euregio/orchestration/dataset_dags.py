"""The DAG of one declared dataset: extract, check, harmonise, release, for one partition a run."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from euregio.orchestration import observed
from euregio.orchestration.assets import page_path, table_asset, tables_of
from euregio.orchestration.measuring import measured
from euregio.orchestration.metrics import timed
from euregio.orchestration.notices import LAST_LOOK, LAST_RUN, TELL_FAILURE, deadline, leaving_problem, note
from euregio.orchestration.partitions import EUROPE, Rhythm, key_of, period_of
from euregio.orchestration.pools import LAYER_POOL, host_pool
from euregio.orchestration.retries import RetryByKind
from euregio.orchestration.timetable import partition_timetable

#: Further tries of a task. The runner that waits for the outcome sets none.
RETRIES = int(os.environ.get("EUREGIO_TASK_RETRIES") or 4)


def dataset_dag(dataset: Any) -> DAG:
    """The DAG of a dataset, its id the dataset's. Raises DeclarationError for a rhythm that cannot be kept."""
    rhythm = Rhythm.of(dataset.rhythm, where=dataset.id)
    country = dataset.country_code or EUROPE
    access = dataset.access
    with DAG(
        dag_id=dataset.id,
        dag_display_name=f"{country} · {dataset.title}",
        description=f"{dataset.title}, {dataset.publisher}",
        doc_md=dataset.doc,
        schedule=partition_timetable(rhythm.cron, key_of(country, rhythm.period_format)),
        catchup=False,
        on_failure_callback=[TELL_FAILURE],
        deadline=deadline(dataset.service.run_within_span),
        max_active_runs=1,  # periods of one dataset follow one another: a later one never overtakes
        tags=[dataset.country, dataset.theme, access],
        default_args={
            "queue": dataset.country,  # a country's tasks run on its own workers; LocalExecutor takes all queues
            "retries": RETRIES,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(hours=1),
            "retry_policy": RetryByKind(),
            "owner": "euregio",
        },
    ) as dag:
        _wire(dataset, rhythm, country)
    return dag


def _wire(dataset: Any, rhythm: Rhythm, country: str) -> None:
    """The four tasks in a row. What they do is imported when they run, not when the file is parsed.

    Airflow's @task would inspect each function anew for each dataset (a third of the time that hundreds of declarations
    take), and leave every key of a batch's reference as an XCom of its own.
    """
    outlets = [table_asset(table, dataset.id) for table in tables_of(dataset)]
    memory = outlets[:1]  # whose state says when the dataset was last asked for, and with what end

    @measured("extract")
    def extract() -> dict[str, Any]:
        period = _period(rhythm, country, dataset.id)
        note(memory, LAST_RUN, period)
        observed.began(dataset.id, period, dataset)
        with timed(dataset.id, "extract"), leaving_problem("extract"):
            batch = _first_batch(dataset.id, period)
        if batch.unchanged:
            print(f"{dataset.id} {period}: the publisher's bytes are unchanged, nothing to do.")
            note(memory, LAST_LOOK, period)
            observed.ended(dataset, batch.to_json())
        return batch.to_json()

    @measured("check")
    def check(reference: Any) -> dict[str, Any]:
        if reference["unchanged"]:
            raise AirflowSkipException(f"{dataset.id}: the publisher's bytes are unchanged, the last release stands.")
        with timed(dataset.id, "check"), leaving_problem("check", reference):
            from euregio import pipeline

            return pipeline.check(_batch(reference, dataset.id, _period(rhythm, country, dataset.id))).to_json()

    @measured("harmonise")
    def harmonise(reference: Any) -> dict[str, Any]:
        with timed(dataset.id, "harmonise"), leaving_problem("harmonise", reference):
            from euregio import pipeline

            return pipeline.harmonise(_batch(reference, dataset.id, _period(rhythm, country, dataset.id))).to_json()

    @measured("release")
    def release(reference: Any) -> dict[str, Any]:
        period = _period(rhythm, country, dataset.id)
        with timed(dataset.id, "release"), leaving_problem("release", reference):
            from euregio import pipeline

            released = pipeline.release(_batch(reference, dataset.id, period)).to_json()
        events = get_current_context()["outlet_events"]
        for asset in outlets:
            events[asset].extra = {
                **news_of(released, period, key_of(country, period)),
                "page": page_path(dataset.id, get_current_context()["dag_run"].run_id),
            }
            if get_current_context()["dag_run"].partition_key is None:
                events[asset].add_partitions(key_of(country, period))
        note(memory, LAST_LOOK, period)
        observed.ended(dataset, released)
        return released

    extracted = PythonOperator(task_id="extract", python_callable=extract, pool=host_pool(dataset.host), inlets=memory)
    checked = PythonOperator(task_id="check", python_callable=check, op_args=[extracted.output])
    harmonised = PythonOperator(task_id="harmonise", python_callable=harmonise, op_args=[checked.output])
    PythonOperator(
        task_id="release", python_callable=release, op_args=[harmonised.output], outlets=outlets, pool=LAYER_POOL
    )


def _first_batch(dataset_id: str, period: str) -> Any:
    """What extract gives: the publisher's bytes; with `{"from": "landed"}` in the run's conf those of the release, under
    today's rules and without network; with `{"accept": …}` the batch that a gate holds.

    Who accepts is the user who triggered the run, as the log-in knows them: a name in the conf counts nothing, and so
    does a word that the pages did not seal.
    """
    from euregio.errors import DeclarationError

    run = get_current_context()["dag_run"]
    conf = run.conf or {}
    if word := _word(dataset_id, period):
        from euregio import again

        return again.held(dataset_id, period, word, run_id=run.run_id)
    match conf.get("from", "publisher"):
        case "landed":
            from euregio import again

            return again.landed(dataset_id, period, run_id=run.run_id)
        case "publisher":
            from euregio import pipeline
            from euregio.orchestration.connections import secret_of

            return pipeline.extract(dataset_id, period, run_id=run.run_id, lookup=secret_of)
        case other:
            raise DeclarationError(
                "no origin of bytes",
                where=f"{dataset_id}, conf of the run",
                found=other,
                expected="publisher or landed",
            )


def news_of(released: dict[str, Any], period: str, partition: str) -> dict[str, Any]:
    """What an asset event tells: partition, period, rows and verdicts (no data)."""
    numbers = {
        name: value for name, value in released.items() if isinstance(value, int) and not isinstance(value, bool)
    }
    return {"partition": partition, "period": period, **numbers}


def _word(dataset_id: str, period: str) -> Any:
    """The sealed word of the person who triggered the run, from its conf; None where it has none. Raises DeclarationError."""
    run = get_current_context()["dag_run"]
    conf = run.conf or {}
    if "accept" not in conf:
        return None
    from euregio.gates import Acceptance
    from euregio.orchestration.word import checked

    person = run.triggering_user_name or ""
    given = checked(conf["accept"], dataset=dataset_id, period=period, run_id=run.run_id, person=person)
    return Acceptance.from_json({**given, "person": person})


def _batch(reference: dict[str, Any], dataset_id: str, period: str) -> Any:
    """The batch that the task before handed on.

    An XCom is not only a task's to write: so the batch must be of this run's dataset and period, and who accepted it is
    what the run's conf seals, whatever the reference says. Raises DeclarationError.
    """
    from dataclasses import replace

    from euregio.errors import DeclarationError
    from euregio.pipeline import Batch

    batch = Batch.from_json({**reference, "accepted": None})
    if (batch.dataset, batch.period) != (dataset_id, period):
        raise DeclarationError(
            "the batch handed on is not this run's", where=dataset_id, found=f"{batch.dataset} {batch.period}", expected=f"{dataset_id} {period}"
        )  # fmt: skip
    return replace(batch, accepted=_word(dataset_id, period))


def _period(rhythm: Rhythm, country: str, where: str) -> str:
    """The period of the present run: of its partition key, else of `--conf '{"period": …}'`, else of its time.

    A declared parameter would be validated and copied for each task of each DAG: a third of all parsing.
    """
    from euregio.errors import DeclarationError

    run = get_current_context()["dag_run"]
    if run.partition_key:
        period = rhythm.check(period_of(run.partition_key), where)
        if run.partition_key != key_of(country, period):  # its news would be another country's
            raise DeclarationError(
                "not a partition of this dataset",
                where=where,
                found=run.partition_key,
                expected=key_of(country, period),
            )
        return period
    asked = (run.conf or {}).get("period")
    return rhythm.check(asked, where) if asked else rhythm.period(run.run_after or datetime.now(UTC))
