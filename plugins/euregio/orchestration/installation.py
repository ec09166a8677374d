"""An Airflow of our own below EUREGIO_HOME: its folder, settings, secrets and metadata."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import secrets
import socket
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from euregio.errors import EuregioError
from euregio.settings import PROJECT, Settings

USER = "admin"


class OrchestrationError(EuregioError):
    """Airflow could not be set up, started or reached."""


@dataclass
class Installation:
    """One embedded Airflow for one profile: SQLite and LocalExecutor, or other servers and executors by their names.

    `environment` is all that its processes need; nothing is written outside `home`, nothing is sent anywhere.
    `database` is SQLAlchemy's address of the metadata (empty: a file below `home`), `extra` goes over all else.
    """

    profile: str = "sandbox"
    settings: Settings = field(default_factory=Settings)
    port: int = 0
    extra: dict[str, str] = field(default_factory=dict)
    database: str = ""
    executor: str = "LocalExecutor"

    def __post_init__(self) -> None:
        self.home = self.settings.home / "airflow"
        self.port = self.port or free_port()

    @property
    def address(self) -> str:
        """Where the UI and the REST API are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def _file(self) -> Path:
        return self.home / "airflow.db"

    @property
    def secrets_file(self) -> Path:
        return self.home / "secrets.json"

    @property
    def password_file(self) -> Path:
        return self.home / "passwords.json"

    @property
    def password(self) -> str:
        """Password of the user `admin`, made at the first set-up and kept in a file that only its owner reads."""
        return str(json.loads(self.password_file.read_text("utf-8"))[USER])

    def log_of(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> Path:
        """The log file of a task's try."""
        parts = (f"dag_id={dag_id}", f"run_id={run_id}", f"task_id={task_id}", f"attempt={max(try_number, 1)}.log")
        return self.home.joinpath("logs", *parts)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of Airflow's processes: this process's own, and our settings over it."""
        kept = json.loads(self.secrets_file.read_text("utf-8"))
        workers = max(2, min(os.cpu_count() or 2, 8))
        ours = {
            "AIRFLOW_HOME": str(self.home),
            "EUREGIO_PROFILE": self.profile,
            "EUREGIO_HOME": str(self.settings.home),
            "GX_ANALYTICS_ENABLED": "False",
            "PYTHONUNBUFFERED": "1",
            **_airflow_section("CORE", {
                "DAGS_FOLDER": str(PROJECT / "dags"),
                "PLUGINS_FOLDER": str(PROJECT / "plugins"),
                "LOAD_EXAMPLES": "False",
                "DAGBAG_IMPORT_TIMEOUT": "180",
                "EXECUTOR": self.executor,
                "PARALLELISM": str(workers),
                "EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
                "FERNET_KEY": kept["fernet_key"],
                "SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
                "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.password_file),
                "TEST_CONNECTION": "Enabled",  # whoever may, is `admin` of this machine's own Airflow
            }),
            **_airflow_section("DATABASE", {"SQL_ALCHEMY_CONN": self.database or f"sqlite:///{self._file}"}),
            **_airflow_section("API", {
                "HOST": "127.0.0.1",
                "PORT": str(self.port),
                "BASE_URL": self.address,
                "SECRET_KEY": kept["secret_key"],
                "WORKERS": "1",
            }),
            **_airflow_section("API_AUTH", {"JWT_SECRET": kept["jwt_secret"]}),
            **_airflow_section(
                "DAG_PROCESSOR",
                {
                    "PARSING_PROCESSES": "1",
                    "PRINT_STATS_INTERVAL": "0",
                    # On a busy machine a file may take long to be read again; its DAGs are not gone for that.
                    "STALE_DAG_THRESHOLD": "1800",
                    "DAG_FILE_PROCESSOR_TIMEOUT": "240",
                },
            ),
            # A task that gets no answer when it begins is lost without a further try: 5 s are too few on a busy machine.
            **_airflow_section("WORKERS", {"EXECUTION_API_TIMEOUT": "60"}),
            **_airflow_section("SCHEDULER", {"SCHEDULER_IDLE_SLEEP_TIME": "0.7"}),
            **_airflow_section("LOGGING", {"BASE_LOG_FOLDER": str(self.home / "logs"), "LOGGING_LEVEL": "INFO"}),
            **_airflow_section("USAGE_DATA_COLLECTION", {"ENABLED": "False"}),
        }  # fmt: skip
        return {**self._layer_connection(), **os.environ, **ours, **self.extra}

    def _layer_connection(self) -> dict[str, str]:
        """The connection `euregio_layer` for people's own DAGs, where a file is the catalogue; a server's has a password."""
        catalogue, data = self.settings.layer_catalogue, self.settings.layer_data
        if catalogue.startswith("postgres:") or data.startswith("s3://"):
            return {}
        content = {"conn_type": "euregio_layer", "extra": {"catalogue": catalogue, "data_path": data}}
        return {"AIRFLOW_CONN_EUREGIO_LAYER": json.dumps(content)}

    def prepare(self) -> None:
        """Folder, secrets and metadata; a second time only what changed. Raises OrchestrationError.

        `airflow db migrate` takes ten seconds, so a stamp tells for which Airflow the metadata was made.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        if not self.secrets_file.exists():
            key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
            content = {"fernet_key": key, "secret_key": secrets.token_hex(32), "jwt_secret": secrets.token_hex(64)}
            _write_private(self.secrets_file, content)
        if not self.password_file.exists():
            _write_private(self.password_file, {USER: secrets.token_urlsafe(12)})
        stamp, version = self.home / "migrated", importlib.metadata.version("apache-airflow-core")
        # Executors bring tables of their own; the address is hashed, for it may hold a password.
        made_for = f"{version} {self.executor} {hashlib.sha256(self.database.encode()).hexdigest()}"
        if (self.database or self._file.exists()) and stamp.exists() and stamp.read_text() == made_for:
            return
        self.airflow("db", "migrate")
        stamp.write_text(made_for)

    def airflow(self, *arguments: str, timeout: float = 300) -> str:
        """Output of an `airflow` command here. Raises OrchestrationError with its last line where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        if done.returncode:
            lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise OrchestrationError(
                f"`airflow {' '.join(arguments)}` failed", found=lines[-1] if lines else f"exit {done.returncode}"
            )
        return done.stdout

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one Airflow at a time runs on a home. Raises OrchestrationError where another does."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise OrchestrationError(
                    "another run or UI uses this state", where=str(self.home), do="End it, or set EUREGIO_HOME."
                ) from None
            yield


def free_port() -> int:
    """A TCP port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _airflow_section(section: str, values: dict[str, str]) -> dict[str, str]:
    return {f"AIRFLOW__{section}__{name}": value for name, value in values.items()}


def _write_private(path: Path, content: dict[str, Any]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
