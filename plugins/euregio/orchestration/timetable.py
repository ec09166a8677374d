"""The timetable of a dataset: Airflow's own for partitions, with run ids that Airflow accepts."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from typing import Any

from airflow.timetables.trigger import CronPartitionTimetable

_NOT_IN_A_RUN_ID = re.compile(r"[^A-Za-z0-9_.~:+-]")


class PartitionTimetable(CronPartitionTimetable):
    """CronPartitionTimetable whose run ids hold the partition's key without its `|`.

    Airflow 3.3 puts the key into the id of scheduled and backfilled runs and then refuses the id for that character,
    so that such a DAG would never be scheduled.
    """

    def generate_run_id(self, *, run_type: Any, run_after: Any, data_interval: Any, **extra: Any) -> str:
        """The id of a run, `scheduled__2026-11-20T00:00:00+00:00__NL_2026-11-20__4qJYN689`."""
        if key := extra.get("partition_key"):
            extra["partition_key"] = _NOT_IN_A_RUN_ID.sub("_", key)
        return super().generate_run_id(run_type=run_type, run_after=run_after, data_interval=data_interval, **extra)


@functools.cache
def partition_timetable(cron: str, key_format: str) -> PartitionTimetable:
    """The timetable (UTC) of all datasets with the same rhythm and country: describing a cron line takes 2 ms.

    A DAG that is switched on waits for its next time. Without a span Airflow would at once run the time that has just
    passed, for a day's rhythm until 02:24, beside the run that a person asks for.
    """
    return PartitionTimetable(cron, timezone="UTC", key_format=key_format, run_immediately=timedelta(0))
