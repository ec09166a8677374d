"""The DAG that keeps layer and zones in order each night."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from euregio.orchestration.notices import TELL_FAILURE
from euregio.orchestration.pools import LAYER_POOL
from euregio.orchestration.retries import RetryByKind

_DOC = """Retires periods beyond their dataset's `keep`, expires snapshots that no release and no published indicator cites,
merges small files, removes what no snapshot needs and what a killed writer left, lets old batches and bytes go
(docs/how-to/upkeep.md). Safe beside running datasets.

**Repair.** It may be run again at any time, by hand: `euregio maintain`. A zone that this worker does not reach is named
in the task's log; run it on that country's worker.
"""


def upkeep_dag() -> DAG:
    """The DAG `maintain`."""
    with DAG(
        dag_id="maintain", dag_display_name="Upkeep of layer and zones", description="Upkeep of layer and zones", doc_md=_DOC,
        schedule="30 2 * * *", catchup=False, max_active_runs=1, on_failure_callback=[TELL_FAILURE], tags=["upkeep"],
        default_args={"retries": 2, "retry_policy": RetryByKind(), "owner": "euregio"},
    ) as dag:  # fmt: skip

        @task(pool=LAYER_POOL)
        def maintain() -> dict[str, Any]:
            from euregio.commands.maintain import maintain as keep_in_order

            return keep_in_order()

        maintain()
    return dag
