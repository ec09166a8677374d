"""Airflow's scheduler with what tasks import already imported: its LocalExecutor forks them, and they start sooner.

`python -m euregio.orchestration.preloaded scheduler` is `airflow scheduler` otherwise. Only modules are imported, no
connection is opened and no thread started before the fork.
"""

from __future__ import annotations

import importlib
import sys

#: Imported by every task's process; each is left out silently where it is not installed.
MODULES = (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.context",
    "airflow.providers.standard.decorators.python",
    "duckdb",
    "httpx",
    "pyarrow",
    "pyarrow.parquet",
    "euregio.orchestration.dataset_dags",
    "euregio.orchestration.indicator_dags",
    "euregio.declarations.datasets",
    "euregio.pipeline",
    "euregio.use_case",
)


def main() -> None:
    """Import, then be `airflow` with this process's arguments."""
    from airflow.__main__ import main as airflow

    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"not imported ahead: {name} ({error})", file=sys.stderr)
    airflow()


if __name__ == "__main__":
    main()
