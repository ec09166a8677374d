"""One DAG per declared dataset (include/datasets): extract, check, harmonise, release."""

from airflow.sdk import get_parsing_context

from euregio.declarations.datasets import dataset, load_datasets
from euregio.orchestration.dataset_dags import dataset_dag

# A worker that runs one task needs one DAG: it reads one declaration, not all of them.
wanted = get_parsing_context().dag_id
for declared in [dataset(wanted)] if wanted else load_datasets():
    globals()[declared.id] = dataset_dag(declared)
