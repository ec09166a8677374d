"""Airflow's cluster policy: tasks of the countries in EUREGIO_EDGE_COUNTRIES (`nl,be`) run on Edge workers at their own home.

Airflow imports this from `$AIRFLOW_HOME/config` or the Python path. The executor `CeleryExecutor,<EDGE>` must be set too.
"""

from __future__ import annotations

import os
from typing import Any

EDGE = "airflow.providers.edge3.executors.EdgeExecutor"


def task_policy(task: Any) -> None:
    """Send a task to the Edge executor where its queue, which is its country, has moved out."""
    if task.queue in os.environ.get("EUREGIO_EDGE_COUNTRIES", "").replace(" ", "").split(","):
        task.executor = EDGE
