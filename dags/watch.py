"""The watch over all datasets: silence, recovery, reminders, what could not be told."""

from airflow.sdk import get_parsing_context

from euregio.declarations.datasets import load_datasets
from euregio.orchestration.assets import use_cases
from euregio.orchestration.watching import WATCH, watch_dag

if get_parsing_context().dag_id in (None, WATCH):
    watch = watch_dag(load_datasets(), use_cases())
