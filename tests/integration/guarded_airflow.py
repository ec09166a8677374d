"""An Airflow as in production for tests of security: FAB's log-in, PostgreSQL, a secrets backend, planted secrets.

One dataset comes from a publisher over HTTP who asks for two tokens and, on some days, answers with one of them; alerts
go to a mail server that asks for a password. Users are made through FAB's own API.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from sinks import MailSink
from topology import Servers, eventually, servers

from euregio.declarations.datasets import load_dataset
from euregio.orchestration.installation import Installation
from euregio.orchestration.pools import pools
from euregio.orchestration.rest import Airflow
from euregio.orchestration.services import Services
from euregio.settings import PROJECT, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

import operated_layer
from operated_layer import NAME

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
#: Who is there, with their roles; `admin` is made by euregio.orchestration.roles.
USERS = {"vera": "Viewer", "emil": "Engineer", "stella": "Steward"}
ALERTS = """channels:
  mail: {kind: mail, connection: smtp_sink, to: [duty@example.org]}
routes:
  - {channels: [mail]}
"""
#: Days on which the publisher answers otherwise than with its file.
REFUSES, SENDS_AWAY, COMPLAINS, CUTS = "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"
FAILING = (REFUSES, SENDS_AWAY, COMPLAINS, CUTS)
SOUND, HELD = ("2026-11-20", "2026-11-21"), "2026-11-22"


class TokenPublisher:
    """Serves `/<day>.csv` to those who bring both tokens, and repeats these in headers, refusals and complaints."""

    def __init__(self, in_header: str, in_address: str) -> None:
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = httpx.URL(self.path)
                brought = (self.headers.get("X-Api-Key", ""), address.params.get("access", ""))
                day = address.path.strip("/").removesuffix(".csv")
                outer.asked.append((day, "both" if brought == (in_header, in_address) else "not"))
                said = f"no such key {in_header}, {self.path}".encode()
                if brought != (in_header, in_address) or day == REFUSES:
                    self._answer(401, said, {"WWW-Authenticate": f'Key realm="{in_header}"'})
                elif day == SENDS_AWAY:
                    self._answer(
                        302, said, {"Location": f"http://elsewhere.invalid/?access={address.params['access']}"}
                    )
                elif day == COMPLAINS:
                    self._answer(200, b"\n".join([said] * 3))
                elif day == CUTS:
                    self._answer(200, said, {"Content-Length": "9999"})
                else:
                    body = operated_layer.register(operated_layer.DAYS[day]).encode()
                    named = {"ETag": f'"{in_header}"', "Content-Disposition": f'attachment; filename="{in_header}.csv"',
                             "Link": f"<{self.path}>; rel=self"}  # fmt: skip
                    self._answer(200, body, named)

            def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, text in {
                    "Content-Length": str(len(body)),
                    "Content-Type": "text/csv",
                    **(headers or {}),
                }.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        # live addresses may not name a machine by an inner number: by its name, and as a private host
        self.host = socket.gethostname()
        self.server = ThreadingHTTPServer((socket.gethostbyname(self.host), 0), Handler)
        self.address = f"http://{self.host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@dataclass
class Guarded:
    """What is up, and the secrets that nobody should find."""

    root: Path
    under: Servers
    installation: Installation
    airflow: Airflow
    services: Services
    mail: MailSink
    publisher: TokenPublisher
    settings: Settings
    passwords: dict[str, str]
    planted: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, who: str | None) -> httpx.Client:
        """A client of the API server: of that user, or not logged in."""
        if who and who not in self.tokens:
            body = {"username": who, "password": self.passwords[who]}
            answer = httpx.post(f"{self.installation.address}/auth/token", json=body, timeout=60, trust_env=False)
            self.tokens[who] = answer.raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.Client(base_url=self.installation.address, headers=headers, timeout=120, trust_env=False)

    def trigger(self, who: str, day: str, conf: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        """Start a run for the day, as the user through Airflow's own API; gives its id."""
        now = datetime.now(UTC).isoformat()
        body = {"dag_run_id": run_id or f"{who}__{day}__{secrets.token_hex(4)}", "logical_date": None,
                "partition_key": f"FR|{day}", "run_after": now, "conf": conf or {}}  # fmt: skip
        with self.client(who) as client:
            answer = client.post(f"/api/v2/dags/{NAME}/dagRuns", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["dag_run_id"])

    def ended(self, run_id: str, seconds: float = 400) -> str:
        """The state of the run when it has ended."""

        def state() -> str | None:
            self.services.check()
            told = self.airflow._ask("GET", f"/dags/{NAME}/dagRuns/{run_id}")["state"]
            return told if told in ("success", "failed") else None

        return str(eventually(state, f"the end of {run_id}", seconds))


@contextmanager
def guarded_airflow(root: Path) -> Iterator[Guarded]:
    """All of it up, its runs of the sound, held and failing days ended; ended on the way out."""
    import pytest

    planted = {
        "token in a header": f"hdr-{secrets.token_hex(12)}/+=%&~", "token in an address": f"url/{secrets.token_hex(12)}+=%&",
        "SMTP password": f"smtp-{secrets.token_hex(12)}", "secret of the store's key": f"store/{secrets.token_hex(16)}+",
    }  # fmt: skip
    publisher = TokenPublisher(planted["token in a header"], planted["token in an address"])
    with (
        servers(root / "servers") as under,
        MailSink(planted["SMTP password"]) as mail,
        pytest.MonkeyPatch.context() as patch,
    ):
        under.environment |= {"EUREGIO_S3_KEY": "guarded", "EUREGIO_S3_SECRET": planted["secret of the store's key"]}
        for name, value in under.environment.items():
            patch.setenv(name, value)
        place = _project(root, publisher)
        settings = under.settings(root / "home")
        installation = Installation("guarded", settings, database=under.postgres.url("airflow"))
        installation.extra = _environment(root, place, under, publisher, mail, planted)
        installation.prepare()
        kept = json.loads(installation.secrets_file.read_text())
        planted |= {f"PostgreSQL password of {role}": text for role, text in under.postgres.passwords.items()}
        planted |= {name: str(kept[name]) for name in ("fernet_key", "secret_key", "jwt_secret")}
        planted["password of admin"] = installation.password
        made = make_roles(installation, "--admin", "admin")
        assert made.returncode == 0, made.stderr[-2000:]
        with Services(root / "logs") as services:
            services.start_airflow(["api-server", "scheduler", "dag-processor"], installation.environment)
            airflow = Airflow(installation)
            services.wait_until(lambda: airflow.healthy("scheduler", "dag_processor"), "Airflow", 400)
            airflow.log_in()
            up = Guarded(root, under, installation, airflow, services, mail, publisher, settings, {"admin": installation.password}, planted)  # fmt: skip
            _make_users(up)
            dataset = load_dataset(place / "include/datasets/fr/charging__office.yaml")
            airflow.put_pools(pools([dataset], settings.layer_catalogue))
            services.wait_until(lambda: NAME in airflow.dags(), "the DAG", 300)
            airflow.pause(NAME, False)
            states = [up.ended(up.trigger("emil", day)) for day in (*SOUND, HELD, *FAILING)]
            assert states == ["success"] * 2 + ["failed"] * 5, states
            yield up
        publisher.server.shutdown()


def make_roles(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m euregio.orchestration.roles` on the installation."""
    environment = installation.environment | {"EUREGIO_ADMIN_PASSWORD": installation.password}
    command = [sys.executable, "-m", "euregio.orchestration.roles", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def _project(root: Path, publisher: TokenPublisher) -> Path:
    place = operated_layer.project(root)
    source = (f"source: {{url: \"{publisher.address}/{{period}}.csv?access=${{conn:office_api:password}}\", "
              "headers: {X-Api-Key: \"${conn:office_api:api_key}\"}, attempts: 1}")  # fmt: skip
    declared = place / "include/datasets/fr/charging__office.yaml"
    lines = [source if line.startswith("source:") else line for line in declared.read_text().splitlines()]
    declared.write_text("\n".join(lines) + "\n")
    (place / "include/profiles/guarded.yaml").write_text(f"kind: live\ndatasets: [{NAME}]\n")
    (place / "include/alerts.yaml").write_text(ALERTS)
    return place


def _environment(
    root: Path, place: Path, under: Servers, publisher: TokenPublisher, mail: MailSink, planted: dict[str, str]
) -> dict[str, str]:
    """Airflow's settings: FAB, and connections in a file that its secrets backend reads. No secret of a connection is here."""
    vault = root / "vault" / "connections.json"
    vault.parent.mkdir()
    vault.write_text(json.dumps({
        "office_api": {"conn_type": "http", "password": planted["token in an address"], "extra": {"api_key": planted["token in a header"]}},
        "smtp_sink": {
            "conn_type": "smtp", "host": "127.0.0.1", "port": mail.port, "login": "euregio", "password": planted["SMTP password"],
            "extra": {"from_email": "euregio@example.org", "disable_ssl": True, "disable_tls": True},
        },
    }))  # fmt: skip
    return {
        **under.environment,
        "AIRFLOW__CORE__AUTH_MANAGER": FAB,
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(vault)}),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": under.postgres.url("airflow", "asyncpg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(place / "dags"),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "EUREGIO_PROJECT": str(place), "EUREGIO_TASK_RETRIES": "0", "EUREGIO_WATCH_MINUTES": "0",
        "EUREGIO_PRIVATE_HOSTS": publisher.host,
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "plugins")]),
    }  # fmt: skip


def _make_users(up: Guarded) -> None:
    with up.client("admin") as client:
        for name, role in USERS.items():
            up.passwords[name] = secrets.token_urlsafe(16)
            body = {"username": name, "email": f"{name}@example.org", "first_name": name, "last_name": role,
                    "roles": [{"name": role}], "password": up.passwords[name]}  # fmt: skip
            answer = client.post("/auth/fab/v1/users", json=body)
            assert answer.status_code in (200, 201), answer.text
    up.planted |= {f"password of {name}": text for name, text in up.passwords.items()}
