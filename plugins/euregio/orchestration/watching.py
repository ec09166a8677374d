"""The watch: a DAG that every few minutes finds silence, lost failures and recovery, and tells what is still to tell."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, get_current_context, task

from euregio.orchestration.assets import table_asset, tables_of, use_case_asset
from euregio.orchestration.indicator_dags import RUN_WITHIN, dag_id_of
from euregio.orchestration.metrics import of_freshness
from euregio.orchestration.notices import LAST_LOOK, LAST_RUN, TELL_FAILURE, about_run, desk, report_run
from euregio.orchestration.partitions import EUROPE, Rhythm

_LOG = logging.getLogger(__name__)
WATCH = "watch"
#: Minutes between two rounds; 0 switches the schedule off (a run that waits for the outcome tells failures itself).
MINUTES = int(os.environ.get("EUREGIO_WATCH_MINUTES") or 5)
_STEPS = ["extract", "check", "harmonise", "release"]
_INDICATOR_STEPS = ["compute", "check", "publish"]


def watch_dag(datasets: Sequence[Any], use_cases: Sequence[str]) -> DAG:
    """The DAG of the watch. It reads what the other DAGs' tasks noted in Airflow's asset state, and the layer."""
    inlets = [table_asset(tables_of(dataset)[0], dataset.id) for dataset in datasets if tables_of(dataset)]
    inlets += [use_case_asset(use_case) for use_case in use_cases]
    with DAG(
        dag_id=WATCH,
        dag_display_name="Watch",
        description="Silence, recovery, reminders: what no single run can tell",
        doc_md="Every few minutes: which dataset is late or stale, which failed run nobody was told of, which trouble is "
        "over; reminders, the digest, and messages that could not be sent. See docs/how-to/alerts.md.\n\n"
        "**Repair.** It may be run at any time, and run again: nothing is told twice.",
        schedule=timedelta(minutes=MINUTES) if MINUTES else None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        on_failure_callback=[TELL_FAILURE],
        tags=["operation"],
        default_args={"retries": 0, "owner": "euregio"},
    ) as dag:

        @task(inlets=inlets, execution_timeout=timedelta(minutes=30))
        def look() -> dict[str, Any]:
            return watch(datetime.now(UTC))

        look()
    return dag


def watch(at: datetime) -> dict[str, Any]:
    """One round at the instant `at`; gives how many incidents were opened, closed, and messages sent, and for the pages
    the state of every dataset (`states`: its state, since when, when it is late; UTC)."""
    from euregio.alerts.round import Round

    seen = list(sights(at))
    of_freshness(seen, at)
    with desk() as open_desk:
        one = Round(open_desk, lambda dataset: about_run(dataset, None, None, None), _tell_lost, at)
        one.go(seen)
        counts = {"opened": one.opened, "closed": one.closed, "told": open_desk.told_count}
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    return {**counts, "states": {sight.dataset: sight.silence.to_json() for sight in seen if sight.silence}}


def sights(at: datetime) -> Iterator[Any]:
    """What is known of every dataset and use case, asked of Airflow and of the layer."""
    from euregio.alerts.round import Sight, releases
    from euregio.alerts.silence import silence
    from euregio.declarations.datasets import load_datasets
    from euregio.declarations.profiles import load_profile
    from euregio.orchestration.assets import use_cases
    from euregio.settings import Settings

    settings = Settings()
    profile, stand = load_profile(settings.profile), releases(settings)
    for dataset in load_datasets():
        tables = tables_of(dataset)
        run, state, look = _noted(table_asset(tables[0], dataset.id), dataset.id) if tables else (None, None, None)
        period, released_at, news = stand.get(dataset.id, (None, None, None))
        silent = None
        # gathered files are of the past: nobody waits for them
        if profile.kind != "files" and profile.serves(dataset):
            cron = Rhythm.of(dataset.rhythm, where=dataset.id).cron
            silent = silence(dataset.rhythm, cron, dataset.service, dataset.time_zone, look and look.at, news, at)
        release = (period, released_at) if period and released_at else None
        yield Sight(dataset.id, dataset.country, run, state, look, release, silent, dataset.service.run_within_span)
    for use_case in use_cases():
        seen = _noted(use_case_asset(use_case), dag_id_of(use_case))
        yield Sight(dag_id_of(use_case), EUROPE.lower(), *seen, within=RUN_WITHIN)


def _noted(asset: Any, dag_id: str) -> tuple[Any, str | None, Any]:
    """The last run that began, its state in Airflow, and the last run carried through."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    from euregio.alerts.round import Look

    try:
        store = get_current_context()["asset_state_store"][asset]
        run, look = Look.of(store.get(LAST_RUN)), Look.of(store.get(LAST_LOOK))
        if run is None or (look and look.run_id == run.run_id):
            return run, "success" if run else None, look
        return run, RuntimeTaskInstance.get_dagrun_state(dag_id, run.run_id), look
    except Exception:  # an asset that no DAG feeds any more, a run that was deleted: nothing is known of it
        _LOG.debug("%s: nothing noted", dag_id, exc_info=True)
        return None, None, None


def _tell_lost(sight: Any) -> None:
    tasks = _STEPS if "." in sight.dataset and not sight.dataset.startswith("indicators.") else _INDICATOR_STEPS
    report_run(sight.dataset, sight.last_run.run_id, tasks, period=sight.last_run.period)
