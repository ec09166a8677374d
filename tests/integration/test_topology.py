"""The production topology runs the charging pipeline: PostgreSQL, Valkey, S3, Celery workers by country, all for real."""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
from topology import Topology, eventually

from euregio.storage.journal import open_journal

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

AT = datetime.now(UTC)
NUTS, STATUS, INDICATORS = "eu.spatial__gisco_nuts", "fr.charging__irve_dynamic", "indicators.charging"
POINTS = ("de.charging__bnetza", "fr.charging__irve_static")
DATASETS = (NUTS, *POINTS, STATUS)


@pytest.fixture(scope="module")
def done(running: Topology) -> dict[str, dict[str, Any]]:
    """Every DAG's run, once, triggered through Airflow's REST API as its UI does; the indicators by news alone."""
    airflow, began = running.up.airflow, time.monotonic()
    airflow.pause(INDICATORS, True)
    runs: dict[str, dict[str, Any]] = {}
    # Points get their region from the reference data, so that comes first; the last ones are news for the indicators.
    for wave in ((NUTS,), POINTS, (STATUS,)):
        if wave == (STATUS,):
            airflow.pause(INDICATORS, False)
        for dataset in wave:
            runs[dataset] = running.trigger(dataset, AT)
        for dataset in wave:
            runs[dataset] = running.ended(dataset, runs[dataset]["dag_run_id"])
    found = eventually(lambda: airflow.last_run(INDICATORS), "news that start the indicators")
    runs[INDICATORS] = running.ended(INDICATORS, found["dag_run_id"])
    print(f"up in {running.started_in:.0f} s, all DAGs in {time.monotonic() - began:.0f} s")
    return runs


def test_every_run_ended_well(done) -> None:
    assert {dag_id: run["state"] for dag_id, run in done.items()} == dict.fromkeys((*DATASETS, INDICATORS), "success")


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_tasks_of_a_country_ran_on_its_own_worker(running: Topology, done, dataset: str) -> None:
    tasks = running.up.airflow.tasks(dataset, done[dataset]["dag_run_id"])
    country = dataset[:2]
    worker = "worker-eu-default" if country == "eu" else f"worker-{country}"
    assert {name: (task["queue"], task["hostname"]) for name, task in tasks.items()} == dict.fromkeys(
        ("extract", "check", "harmonise", "release"), (country, worker)
    )


def test_news_of_the_data_started_the_indicators(running: Topology, done) -> None:
    run = done[INDICATORS]
    assert run["run_type"] == "asset_triggered"
    assert run["partition_key"].startswith("EU|")
    tasks = running.up.airflow.tasks(INDICATORS, run["dag_run_id"])
    assert {name: task["hostname"] for name, task in tasks.items()} == dict.fromkeys(
        ("compute", "check", "publish"), "worker-eu-default"
    )


@pytest.mark.usefixtures("done")
def test_rows_of_the_layer_are_as_many_as_the_truth_says(running: Topology) -> None:
    truth = next((running.root / "home" / "sandbox").rglob("points.parquet"))
    due = running.ask(f"SELECT dataset, count(*) FROM read_parquet('{truth}') WHERE verdict <> 'quarantined' "
              f"AND dataset IN {POINTS} GROUP BY ALL ORDER BY ALL")  # fmt: skip
    got = running.ask("SELECT _dataset, count(*) FROM core.recharging_point GROUP BY ALL ORDER BY ALL")
    assert got == due
    assert all(count > 50 for _, count in got)
    with (truth.parent / "status.csv").open() as file:
        statuses = sum(int(row["points"]) for row in csv.DictReader(file) if row["dataset"].startswith("fr."))
    assert running.ask("SELECT count(*) FROM core.status_observation") == [(statuses,)]


@pytest.mark.usefixtures("done")
def test_indicators_stand_in_the_layer_for_their_day(running: Topology) -> None:
    [(values, periods)] = running.ask("SELECT count(*), list(DISTINCT period) FROM indicators.value")
    assert values > 0
    assert periods == [AT.date().isoformat()]


@pytest.mark.usefixtures("done")
def test_data_lie_in_the_object_store_and_the_catalogue_in_its_own_database(running: Topology) -> None:
    files = running.ask("SELECT data_file FROM ducklake_list_files('lake', 'recharging_point', schema => 'core')")
    assert files
    assert all(path.startswith("s3://layer/data/") for (path,) in files)
    assert not (running.root / "home" / "zones").exists(), "zones belong into the object store"
    postgres = running.servers.postgres
    tables = {role: postgres.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE "
              "'ducklake%'", role) for role in ("airflow", "layer", "journal")}  # fmt: skip
    assert int(tables["layer"]) > 10
    assert (tables["airflow"], tables["journal"]) == ("0", "0")
    with open_journal(running.settings) as journal:  # the watch may have opened some: it writes here too
        failed = [one.dataset for one in journal.incidents() if one.dataset in DATASETS and one.severity == "critical"]
    assert failed == []


def test_a_role_reaches_its_own_database_only(running: Topology) -> None:
    import psycopg2

    postgres = running.servers.postgres
    with psycopg2.connect(postgres.libpq("layer")) as connection:
        connection.cursor().execute("SELECT 1")
    for other in ("airflow", "journal"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(postgres.libpq("layer").replace("dbname=layer", f"dbname={other}"))
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(postgres.libpq("layer").replace(postgres.passwords["layer"], "guessed"))


@pytest.mark.usefixtures("done")
def test_the_same_bytes_again_change_nothing_anywhere(running: Topology) -> None:
    before = running.ask("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')")
    run = running.trigger(POINTS[0], AT)
    assert running.ended(POINTS[0], run["dag_run_id"])["state"] == "success"
    tasks = running.up.airflow.tasks(POINTS[0], run["dag_run_id"])
    assert [tasks[name]["state"] for name in ("extract", "check", "release")] == ["success", "skipped", "skipped"]
    assert running.ask("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')") == before


def test_the_lineage_server_hears_of_each_run_from_begin_to_end(running: Topology, done) -> None:
    events = running.lineage.events
    for dag_id, run in done.items():
        mine = [one for one in events if one["run"]["facets"]["euregio_run"]["runId"] == run["dag_run_id"]
                and one["job"]["name"] == f"euregio.{dag_id}"]  # fmt: skip
        assert [one["eventType"] for one in mine] == ["START", "COMPLETE"], dag_id
        assert len({one["run"]["runId"] for one in mine}) == 1
    for dataset in POINTS:
        (end,) = (one for one in events if one["eventType"] == "COMPLETE"
                  and one["run"]["facets"]["euregio_run"]["runId"] == done[dataset]["dag_run_id"])  # fmt: skip
        (points,) = (one for one in end["outputs"] if one["name"].endswith("/core/recharging_point"))
        assert (points["namespace"], points["name"]) == ("s3://layer", "data/core/recharging_point")
        told = points["outputFacets"]["euregio_verdicts"]
        columns = (
            "rows_in_count",
            "admitted_count",
            "corrected_count",
            "quarantined_count",
            "withheld_count",
            "released_count",
        )
        noted = running.ask(f"SELECT {', '.join(columns)} FROM catalogue.release WHERE dataset = '{dataset}'")
        names = ("rowsIn", "admitted", "corrected", "quarantined", "withheld", "released")
        assert [tuple(told[name] for name in names)] == noted
    assert not [name for name in ("password", running.servers.broker, *running.servers.postgres.passwords.values())
                if name in str(events)]  # fmt: skip


def test_the_metrics_server_hears_what_the_layer_holds(running: Topology, done) -> None:  # noqa: ARG001
    for dataset in POINTS:
        name = f"airflow.euregio.rows.{dataset}.recharging_point"
        gauges = running.statsd.after(f"{name}.released")
        columns = ("admitted", "corrected", "quarantined", "withheld", "released")
        (noted,) = running.ask(
            f"SELECT {', '.join(f'{one}_count' for one in columns)} FROM catalogue.release WHERE dataset = '{dataset}'"
        )
        assert tuple(gauges[f"{name}.{one}"] for one in columns) == noted
        for step in ("extract", "check", "harmonise", "release"):
            assert gauges[f"airflow.euregio.step_seconds.{dataset}.{step}"] > 0
    assert running.statsd.after(f"airflow.euregio.step_seconds.{INDICATORS}.compute")


def test_memory_and_start_of_the_topology_are_as_the_sizing_page_says(running: Topology, done) -> None:  # noqa: ARG001
    """Prints what docs/operate.md quotes; fails only far beyond it."""
    sums: dict[str, float] = {}
    services = running.up.services._running
    for name, process in services.items():
        parent = psutil.Process(process.pid)
        family = [parent, *parent.children(recursive=True)]
        sums[name] = sum(member.memory_full_info().uss for member in family if member.is_running()) / 1e6
    print({name: f"{mb:.0f} MB" for name, mb in sums.items()}, f"up in {running.started_in:.0f} s")
    assert sum(sums.values()) < 4000
