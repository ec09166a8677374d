"""One DAG per use case (include/sql/indicators): compute, check, publish, whenever the tables it reads have news."""

from airflow.sdk import get_parsing_context

from euregio.declarations.datasets import load_datasets
from euregio.orchestration.assets import use_cases
from euregio.orchestration.indicator_dags import dag_id_of, indicator_dag

wanted = get_parsing_context().dag_id
for use_case in use_cases():
    if wanted in (None, dag_id_of(use_case)):
        globals()[dag_id_of(use_case)] = indicator_dag(use_case, load_datasets())
