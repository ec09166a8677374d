"""An Airflow that is up: set up, started, its DAGs read and pools set; ended when the session ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from euregio.declarations.datasets import Dataset, load_datasets
from euregio.orchestration.installation import Installation, OrchestrationError
from euregio.orchestration.pools import pools
from euregio.orchestration.publishers import await_publishers, publishers
from euregio.orchestration.rest import Airflow
from euregio.orchestration.services import Services, terminated_as_interrupt

RUN = ("api-server", "scheduler", "dag-processor")
WITH_UI = (*RUN, "triggerer")


@dataclass
class Session:
    """What is up: the installation, its REST API, its processes, and what is declared."""

    installation: Installation
    airflow: Airflow
    services: Services
    datasets: list[Dataset]


@contextmanager
def session(
    installation: Installation, components: tuple[str, ...] = RUN, workers: tuple[str, ...] = ()
) -> Iterator[Session]:
    """Start Airflow (and the profile's publishers), wait until its DAGs are read; end everything on the way out.

    `workers` are the queues of Celery workers to start besides (`de`, `eu,default`).

    Raises OrchestrationError where it does not come up or a DAG file is wrong, DeclarationError for a declaration.
    """
    datasets = load_datasets()
    with (
        installation.locked(),
        terminated_as_interrupt(),
        Services(installation.home / "logs" / "services") as services,
    ):
        serving = publishers(installation.profile, services, installation.settings.home / "sandbox")
        installation.extra.update(serving)
        installation.prepare()
        services.start_airflow(list(components), installation.environment)
        for queues in workers:
            services.start_worker(queues, installation.environment)
        airflow = Airflow(installation)
        services.wait_until(lambda: airflow.healthy("scheduler", "dag_processor"), "Airflow")
        airflow.log_in()
        airflow.put_pools(pools(datasets, installation.settings.layer_catalogue))
        wanted = {dataset.id for dataset in datasets}
        services.wait_until(lambda: _read(airflow, wanted), "the reading of the DAG files")
        await_publishers(services, serving)
        yield Session(installation, airflow, services, datasets)


def _read(airflow: Airflow, wanted: set[str]) -> bool:
    if errors := airflow.import_errors():
        raise OrchestrationError("a DAG file is wrong", found="; ".join(errors))
    return wanted <= set(airflow.dags())
