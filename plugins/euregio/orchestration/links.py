"""Links from a task in Airflow to the pages: of its dataset, and of its run."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink

from euregio.orchestration.assets import page_path


def page_of(dag_id: str, run_id: str | None = None) -> str:
    """Address of a dataset's page, or of a run's report; empty for a DAG that is no dataset's (the watch, indicators)."""
    from airflow.configuration import conf

    from euregio.declarations import datasets
    from euregio.errors import EuregioError

    try:
        datasets.dataset(dag_id)
    except EuregioError:
        return ""
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return base + page_path(dag_id, run_id)


class DatasetLink(BaseOperatorLink):
    """The page of the task's dataset."""

    @property
    def name(self) -> str:
        """What the button says."""
        return "Dataset"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  the signature is Airflow's
        """The address; empty where the DAG is no dataset's."""
        return page_of(ti_key.dag_id)


class RunLink(BaseOperatorLink):
    """The report of the task's run."""

    @property
    def name(self) -> str:
        """What the button says."""
        return "Run report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  the signature is Airflow's
        """The address; empty where the DAG is no dataset's."""
        return page_of(ti_key.dag_id, ti_key.run_id)
