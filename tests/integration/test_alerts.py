"""Failing runs of a real Airflow are told to a real mail server and a real webhook receiver, each once."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sinks import MailSink, WebhookSink

from euregio.orchestration.partitions import Rhythm, key_of
from euregio.settings import PROJECT, Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

AT = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
ALERTS = """
channels:
  mail: {kind: mail, connection: smtp_sink, to: [duty@example.org, owner]}
  hook: {kind: apprise, connection: hook_sink}
owners:
  data engineering: [team@example.org]
routes:
  - {channels: [mail]}
  - {severities: [critical], channels: [hook]}
"""
PROFILE = """title: Some of the simulated publishers
kind: sandbox
address: ${EUREGIO_SANDBOX_URL}
datasets: [nl.charging__dot_nl, fr.charging__irve_static, es.charging__electrolineras, de.charging__bnetza, be.charging__eco_movement]
"""
SERVED = (
    "nl.charging__dot_nl",
    "fr.charging__irve_static",
    "es.charging__electrolineras",
    "de.charging__bnetza",
    "be.charging__eco_movement",
)


@pytest.fixture(scope="module")
def sinks():
    with MailSink() as mail, WebhookSink() as hook:
        yield mail, hook


def project(root: Path) -> Path:
    """A project of five datasets with its own alerts.yaml; all else is this project's."""
    include = root / "project" / "include"
    include.mkdir(parents=True)
    for path in (PROJECT / "include").iterdir():
        if path.name not in ("datasets", "profiles", "alerts.yaml"):
            (include / path.name).symlink_to(path)
    for name in ("dags", "plugins", "expectations"):
        (root / "project" / name).symlink_to(PROJECT / name)
    for id_ in SERVED:
        country, _, name = id_.partition(".")
        (include / "datasets" / country).mkdir(parents=True, exist_ok=True)
        (include / "datasets" / country / f"{name}.yaml").write_text(
            (PROJECT / "include/datasets" / country / f"{name}.yaml").read_text()
        )
    (include / "profiles").mkdir()
    (include / "profiles" / "sandbox.yaml").write_text(PROFILE)
    (include / "alerts.yaml").write_text(ALERTS)
    return root / "project"


@pytest.fixture(scope="module")
def up(tmp_path_factory, sinks):
    """An Airflow that is up, over five simulated publishers that can misbehave."""
    from euregio.sandbox.running import Sandbox

    mail, hook = sinks
    root = tmp_path_factory.mktemp("alerts")
    where = project(root)
    patch = pytest.MonkeyPatch()
    smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": mail.port,
            "extra": {"from_email": "euregio@example.org", "disable_ssl": True, "disable_tls": True}}  # fmt: skip
    apprise = {"conn_type": "apprise", "extra": {"config": [{"path": f"json://127.0.0.1:{hook.port}/", "tag": "all"}]}}
    with Sandbox(300, 7) as sandbox:
        for name, value in {
            "EUREGIO_PROJECT": str(where), "EUREGIO_HOME": str(root / "home"), "EUREGIO_TASK_RETRIES": "0",
            "EUREGIO_SANDBOX_URL": sandbox.address, "PYTHONPATH": str(PROJECT / "plugins"),
            "AIRFLOW_CONN_SMTP_SINK": json.dumps(smtp), "AIRFLOW_CONN_HOOK_SINK": json.dumps(apprise),
        }.items():  # fmt: skip
            patch.setenv(name, value)
        patch.setattr("euregio.declarations.datasets.FOLDER", where / "include" / "datasets")
        patch.setattr("euregio.declarations.profiles.FOLDER", where / "include" / "profiles")
        patch.setattr("euregio.orchestration.installation.PROJECT", where)
        from euregio.declarations import datasets, profiles
        from euregio.orchestration import session as module
        from euregio.orchestration.installation import Installation

        patch.setattr(module, "load_datasets", lambda: datasets.load_datasets(where / "include" / "datasets"))
        profiles.load_profile.cache_clear()
        try:
            with module.session(Installation("sandbox", Settings())) as session:
                session.sandbox = sandbox
                yield session
        finally:
            patch.undo()
            profiles.load_profile.cache_clear()


def eventually(condition, seconds: float = 60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.3)
    return found


def period_of(up, dataset: str, at: datetime = AT) -> str:
    (declared,) = (one for one in up.datasets if one.id == dataset)
    return Rhythm.of(declared.rhythm).period(at)


def run(up, dataset: str, state: str, at: datetime = AT) -> str:
    """Run the dataset for the period of `at` and wait for its end; gives the run's id."""
    since = datetime.now(UTC).isoformat()
    up.airflow.pause(dataset, False)
    run_id = up.airflow.trigger(dataset, key_of(dataset[:2], period_of(up, dataset, at)))
    ended = eventually(
        lambda: (
            (found := up.airflow.run_states(since).get((dataset, run_id), {})).get("state") in ("success", "failed")
            and found
        )
    )
    assert ended["state"] == state
    return run_id


def test_a_failed_run_sends_one_mail(up, sinks) -> None:
    mail, hook = sinks
    up.sandbox.misbehave("nl.charging__dot_nl", "html")
    run(up, "nl.charging__dot_nl", "failed")
    eventually(lambda: mail.mails and hook.posts)
    assert mail.subjects == ["[critical] nl.charging__dot_nl 2026-11-20T10:00Z: the publisher sends something else"]
    print(mail.mails[0].get_body(("plain",)).get_content())
    print(hook.facts)
