"""A country's worker at its own home (Edge executor): its tasks run there, and the centre learns of its data by metadata only."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from topology import Publisher, Topology, eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]
DATASET = "nl.charging__dot_nl"
NOW = datetime.now(UTC)
#: In a field that no contract takes in; in a row that quarantine holds; where the file breaks; in a file that is no register.
PLANTED = ("PLANTED-SUITE-4711", "PLANTED-STREET-0815", "PLANTED-BREAK-2342", "PLANTED-PAGE-1729")


@dataclass
class Edge:
    """The country's home, its publisher, and its three runs: one well, one of a broken file, one of a text that is no register."""

    home: Path
    publisher: Publisher
    environment: dict[str, str]
    well: dict[str, Any]
    failed: list[dict[str, Any]]


@pytest.fixture(scope="module")
def edge(running: Topology) -> Iterator[Edge]:
    import httpx

    address = running.up.installation.extra["EUREGIO_SANDBOX_URL"]
    body = httpx.get(f"{address}/{DATASET}", trust_env=False).content
    records = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    for record in records:
        record["directions"] = [{"language": "nl", "text": PLANTED[0]}]
    records[3] |= {"address": PLANTED[1], "coordinates": {"latitude": "0.0", "longitude": "0.0"}}
    publisher = Publisher(json.dumps(records).encode())
    home = running.root / "home-nl"
    environment = running.start_edge_worker("nl", home, publisher.address)
    run = running.trigger(DATASET, NOW)
    well = running.ended(DATASET, run["dag_run_id"])
    failed = []
    broken = json.dumps(records[:4])[:-1] + ', {"id": ' + PLANTED[2] + '-unquoted, "evses": []}]'
    for hour, body in enumerate((broken.encode(), f"{PLANTED[3]} is no JSON".encode()), 1):
        publisher.body = body
        run = running.trigger(DATASET, NOW - timedelta(hours=hour))
        failed.append(running.ended(DATASET, run["dag_run_id"]))
    yield Edge(home, publisher, environment, well, failed)
    publisher.server.shutdown()


def test_the_countrys_tasks_ran_at_its_own_home(running: Topology, edge: Edge) -> None:
    assert edge.well["state"] == "success"
    tasks = running.up.airflow.tasks(DATASET, edge.well["dag_run_id"])
    assert {(task["hostname"], task["queue"], task["executor"].rpartition(".")[2]) for task in tasks.values()} == {
        ("worker-nl", "nl", "EdgeExecutor")
    }
    files = [path.relative_to(edge.home / "zones").as_posix() for path in (edge.home / "zones").rglob("*.parquet")]
    assert any(path.startswith(f"nl/{DATASET}/batches/") for path in files)
    zones = f"{running.servers.environment['EUREGIO_ZONES'].removeprefix('s3://')}/nl"
    assert store(running).find(zones) == [], "nothing of it is in the centre's zones"


def test_rows_that_may_cross_are_in_the_layer(running: Topology, edge: Edge) -> None:
    assert edge.well["state"] == "success"
    period = edge.well["partition_key"].partition("|")[2]  # a scheduled run may have released another beside
    [(rows,)] = running.ask(
        f"SELECT count(*) FROM core.recharging_point WHERE _dataset = '{DATASET}' AND _period = '{period}'"
    )
    [(released, quarantined)] = running.ask(
        "SELECT released_count, quarantined_count FROM catalogue.release "
        f"WHERE dataset = '{DATASET}' AND period = '{period}' AND table_name = 'recharging_point'"
    )
    assert rows == released > 20
    assert quarantined > 0


def test_runs_of_broken_bytes_failed_and_left_the_release(edge: Edge) -> None:
    assert [run["state"] for run in edge.failed] == ["failed", "failed"]


def test_the_worker_holds_no_secret_of_the_centre(running: Topology, edge: Edge) -> None:
    told = "\n".join(f"{name}={value}" for name, value in edge.environment.items())
    passwords = running.servers.postgres.passwords
    assert passwords["layer"] in told, "it writes into the layer"
    assert passwords["airflow"] not in told
    assert passwords["journal"] not in told
    assert running.servers.broker not in told
    assert running.servers.environment["EUREGIO_ZONES"] not in told


def test_no_planted_value_is_anywhere_at_the_centre(running: Topology, edge: Edge) -> None:
    assert edge.well["state"] == "success"
    kept = files_below(edge.home)
    assert {word for word in PLANTED[:2] if found(word, kept)} == set(PLANTED[:2]), "the search would find them"
    assert found(PLANTED[2], kept) + found(PLANTED[3], kept), "what broke was landed at home"

    centre = {f"database {name}": running.servers.postgres.dump(name) for name in ("airflow", "layer", "journal")}
    assert DATASET.encode() in centre["database airflow"]
    centre |= files_below(running.root, but=(edge.home, running.root / "servers" / "postgres"))
    assert any("logs" in name and DATASET in name for name in centre), "its logs came to the centre"
    centre |= {f"store {key}": store(running).cat_file(key) for key in store(running).find("layer")}
    assert any(name.startswith("store layer/data/core/recharging_point") for name in centre)
    centre |= {f"broker {key}": value for key, value in broker(running).items()}
    centre["rows of the layer"] = all_rows(running)
    assert b"Maasstroom" in centre["rows of the layer"], "rows that may cross are searched as text"
    centre |= {f"lineage {number}": body for number, (_, body) in enumerate(running.lineage.posts)}
    centre["metrics"] = "\n".join(running.statsd.gauges).encode()
    assert any(DATASET.encode() in body for name, body in centre.items() if name.startswith("lineage "))
    where = {word: found(word, centre) for word in PLANTED}
    assert where == {word: [] for word in PLANTED}


def test_the_log_of_a_failed_task_says_at_the_centre_what_is_wrong(running: Topology, edge: Edge) -> None:
    run = edge.failed[0]
    tasks = running.up.airflow.tasks(DATASET, run["dag_run_id"])
    assert tasks["extract"]["state"] == "failed"
    said = eventually(
        lambda: (
            (line := running.up.airflow.error_of(DATASET, run["dag_run_id"], "extract", 1)) and "Error" in line and line
        ),
        "the log of the failed task",
        60,
    )
    assert "Decode" in said or "JSON" in said


def test_the_centre_tells_the_lineage_server_that_runs_failed(running: Topology, edge: Edge) -> None:
    for run in edge.failed:
        (event,) = eventually(
            lambda run=run: [
                one for one in running.lineage.events
                if one["eventType"] == "FAIL" and one["run"]["facets"]["euregio_run"]["runId"] == run["dag_run_id"]
            ],
            "the event of the failed run",
            120,
        )  # fmt: skip
        assert event["run"]["facets"]["euregio_problem"]["kind"] == "undecodable"
        assert event["run"]["facets"]["euregio_problem"]["step"] == "extract"


def found(word: str, contents: dict[str, bytes]) -> list[str]:
    return [name for name, content in contents.items() if word.encode() in content]


def files_below(root: Path, but: tuple[Path, ...] = ()) -> dict[str, bytes]:
    """Every file below a folder; Parquet as the text of its rows."""
    import pyarrow.parquet

    contents = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if Path(folder, name) not in but]
        for path in (Path(folder, name) for name in names):
            if path.is_file() and not path.is_symlink():
                contents[str(path)] = path.read_bytes()
                if path.suffix == ".parquet":
                    contents[str(path)] += str(pyarrow.parquet.read_table(path).to_pylist()).encode()
    return contents


def all_rows(running: Topology) -> bytes:
    """Every row of every table of the layer as text, of all snapshots' last state."""
    tables = running.ask("SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'lake'")
    return "\n".join(str(running.ask(f"SELECT * EXCLUDE (geometry) FROM {name}" if "region" in name
                     else f"FROM {name}")) for (name,) in tables).encode()  # fmt: skip


def broker(running: Topology) -> dict[str, bytes]:
    import redis

    client = redis.Redis.from_url(running.servers.broker)
    return {key.decode(): client.dump(key) or b"" for key in client.keys("*")}


def store(running: Topology) -> Any:
    import s3fs

    return s3fs.S3FileSystem(
        key="k", secret="s", endpoint_url=running.servers.environment["EUREGIO_S3_ENDPOINT"],
        client_kwargs={"region_name": "eu-central-1"}, use_listings_cache=False,
    )  # fmt: skip
