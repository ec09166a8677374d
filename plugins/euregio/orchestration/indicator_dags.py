"""The DAG of one use case: compute, check, publish, for each day whose data has news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import (
    DAG,
    AssetAny,
    FixedKeyMapper,
    PartitionedAssetTimetable,
    PartitionedAtRuntime,
    PartitionMapper,
    ProductMapper,
    StartOfDayMapper,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from euregio.orchestration import observed
from euregio.orchestration.assets import table_asset, tables_of, tables_read, use_case_asset
from euregio.orchestration.dataset_dags import RETRIES
from euregio.orchestration.metrics import timed
from euregio.orchestration.notices import LAST_LOOK, LAST_RUN, TELL_FAILURE, deadline, leaving_problem, note
from euregio.orchestration.partitions import EUROPE, LATEST, Rhythm, day_of, key_of, period_of
from euregio.orchestration.pools import LAYER_POOL
from euregio.orchestration.retries import RetryByKind

#: Days that wait to be computed, kept in Airflow's asset state under this key.
WAITING = "waiting_periods"
#: Within this a run of indicators ends.
RUN_WITHIN = timedelta(hours=6)


def dag_id_of(use_case: str) -> str:
    """Id of a use case's DAG."""
    return f"indicators.{use_case}"


def indicator_dag(use_case: str, datasets: Sequence[Any]) -> DAG:
    """The DAG of a use case. Any one news of its tables starts it, with the partition `EU|<day>` of the news."""
    read = tables_read(use_case)
    mappers = {
        table_asset(table, dataset.id): day_mapper(Rhythm.of(dataset.rhythm, where=dataset.id))
        for dataset in datasets
        for table in tables_of(dataset)
        if table in read
    }
    schedule: Any = PartitionedAtRuntime()  # nothing declared feeds it: it runs by hand
    if mappers:
        schedule = PartitionedAssetTimetable(assets=AssetAny(*mappers), partition_mapper_config=mappers)  # type: ignore[arg-type]  # keys are Assets
    with DAG(
        dag_id=dag_id_of(use_case),
        dag_display_name=f"Indicators · {use_case}",
        description=f"Indicators of the use case {use_case}",
        doc_md=f"Computes the indicators of `include/sql/indicators/{use_case}/` over the layer, checks and publishes "
        "them. Runs when any of its tables has news; news that come while it runs are taken up by one later run.\n\n"
        "**Repair.** *compute* failed: the SQL or a table is wrong, see the log; run it again by hand with the "
        f"partition key `{EUROPE}|2026-11-20` of the day. The published page stays as it was.",
        schedule=schedule,
        catchup=False,
        on_failure_callback=[TELL_FAILURE],
        deadline=deadline(RUN_WITHIN),
        max_active_runs=1,
        tags=["indicators", use_case],
        default_args={"retries": RETRIES, "retry_policy": RetryByKind(), "owner": "euregio"},
    ) as dag:
        _wire(use_case)
    return dag


def day_mapper(rhythm: Rhythm) -> PartitionMapper:
    """From a dataset's partition to the indicators': the day of a daily or finer period, else the present."""
    if not rhythm.daily_or_finer:
        return FixedKeyMapper(key_of(EUROPE, LATEST))
    return ProductMapper(FixedKeyMapper(EUROPE), StartOfDayMapper(input_format=rhythm.period_format))


def _wire(use_case: str) -> None:
    outlet, job = use_case_asset(use_case), dag_id_of(use_case)

    @task(inlets=[outlet], pool=LAYER_POOL)
    def compute() -> list[dict[str, Any]]:
        # Values are of the releases in force, so of several days with news the newest names them all.
        newest = _due_days(outlet)[-1]
        note([outlet], LAST_RUN, newest)
        observed.began(job, newest)
        with timed(job, "compute"), leaving_problem("compute"):
            from euregio import use_case as steps

            summaries = [steps.compute(use_case, newest, run_id=get_current_context()["run_id"])]
        get_current_context()["asset_state_store"][outlet].set(WAITING, [])
        return summaries

    @task
    def check(summaries: Any) -> list[dict[str, Any]]:
        with timed(job, "check"), leaving_problem("check"):
            from euregio import use_case as steps

            return [steps.check_indicators(use_case, summary) for summary in summaries]

    @task(outlets=[outlet])
    def publish(summaries: Any) -> str:
        with timed(job, "publish"), leaving_problem("publish"):
            from euregio import use_case as steps

            path = str(steps.publish(use_case, summaries))
        print(f"{use_case}: published {path}")
        events = get_current_context()["outlet_events"]
        events[outlet].extra = {"path": path, "periods": [summary.get("period") for summary in summaries]}
        note([outlet], LAST_LOOK, str(summaries[-1].get("period")) if summaries else None)
        observed.published(job, use_case, list(summaries))
        return path

    publish(check(compute()))


def _due_days(outlet: Any) -> list[str]:
    """The days to compute now. Skips, and leaves them to the next run, where one is queued already.

    A release of each of twelve datasets would otherwise compute everything twelve times over. Runs of this DAG follow
    one another (max_active_runs), so only one of them is here at a time, and a day once noted is not lost.
    """
    context = get_current_context()
    run, state = context["dag_run"], context["asset_state_store"][outlet]
    period = period_of(run.partition_key) if run.partition_key else LATEST
    day = datetime.now(UTC).date().isoformat() if period == LATEST else day_of(period, run.dag_id)
    known: Any = state.get(WAITING, default=[])
    days = sorted({*known, day})
    state.set(WAITING, days)
    if context["ti"].get_dr_count(dag_id=run.dag_id, states=["queued"]):
        raise AirflowSkipException(f"{run.dag_id}: a later run is queued and takes {', '.join(days)} along.")
    return days
