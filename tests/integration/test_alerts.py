"""Failing runs of a real Airflow are told to a real mail server and a real webhook receiver, each once."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from sinks import MailSink, WebhookSink

from euregio.orchestration.partitions import Rhythm, key_of
from euregio.settings import PROJECT, Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

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
        declared = (PROJECT / "include/datasets" / country / f"{name}.yaml").read_text()
        # a rhythm of a year: no scheduled run falls into the test
        (include / "datasets" / country / f"{name}.yaml").write_text(
            re.sub(r"(?m)^rhythm: .*$", "rhythm: P1Y", declared)
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
            "EUREGIO_SANDBOX_URL": sandbox.address, "EUREGIO_WATCH_MINUTES": "0", "PYTHONPATH": str(PROJECT / "plugins"),
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


def eventually(condition, seconds: float = 120):
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


def told(mail, dataset: str) -> list[str]:
    return [subject for subject in mail.subjects if f" {dataset}" in subject]


def kill_a_task(up, before: set[int]) -> None:
    """End the process of the task that runs, as the kernel does when memory runs out."""
    scheduler = psutil.Process(up.services._running["scheduler"].pid)

    def leaves():
        return [one for one in scheduler.children(recursive=True) if one.pid not in before and not one.children()]

    for one in eventually(leaves):
        one.kill()


def look(up) -> None:
    """A round of the watch."""
    since = datetime.now(UTC).isoformat()
    key = ("watch", up.airflow.trigger("watch", None))

    def ended() -> str | None:
        state = up.airflow.run_states(since).get(key, {}).get("state")
        return state if state in ("success", "failed") else None

    assert eventually(ended) == "success"


@pytest.fixture(scope="module")
def failed(up, sinks):
    """Runs that fail, each in its own way; and what was told of them."""
    mail, _ = sinks
    for dataset, mode, how in (
        ("nl.charging__dot_nl", "html", {}),
        ("fr.charging__irve_static", "cut_off", {}),
        ("es.charging__electrolineras", "retry_later", {"status": 404}),
    ):
        up.sandbox.misbehave(dataset, mode, **how)
        run(up, dataset, "failed")
    up.sandbox.misbehave("be.charging__eco_movement", "slow", seconds=60)
    scheduler = psutil.Process(up.services._running["scheduler"].pid)
    before = {one.pid for one in scheduler.children(recursive=True)}
    since = datetime.now(UTC).isoformat()
    up.airflow.pause("be.charging__eco_movement", False)
    run_id = up.airflow.trigger("be.charging__eco_movement", key_of("be", period_of(up, "be.charging__eco_movement")))
    eventually(lambda: up.airflow.tasks("be.charging__eco_movement", run_id)["extract"]["state"] == "running")
    time.sleep(3)  # the worker has forked the task by now
    kill_a_task(up, before)
    eventually(lambda: up.airflow.run_states(since)["be.charging__eco_movement", run_id]["state"] == "failed")
    eventually(lambda: len(mail.mails) >= 4)
    return mail.mails


def test_each_failed_run_sends_one_mail_that_says_what_happened(failed, sinks) -> None:
    mail, _ = sinks
    assert told(mail, "nl.charging__dot_nl") == [
        "[critical] nl.charging__dot_nl 2026: the publisher sends something else"
    ]
    assert told(mail, "fr.charging__irve_static") == [
        "[critical] fr.charging__irve_static 2026: the file is broken or has another layout"
    ]
    assert told(mail, "es.charging__electrolineras") == [
        "[critical] es.charging__electrolineras 2026: the publisher refuses our request"
    ]
    assert told(mail, "be.charging__eco_movement") == [
        "[warning] be.charging__eco_movement 2026: a task's process was ended from outside"
    ]
    assert {one["X-Rcpt"] for one in failed} == {"duty@example.org,team@example.org"}


def test_the_mail_leads_to_the_run_and_says_what_to_do(up, failed) -> None:
    text = next(one for one in failed if "fr.charging" in one["Subject"]).get_body(("plain",)).get_content()
    assert f"{up.installation.address}/dags/fr.charging__irve_static/runs/" in text
    for part in (
        "Country:       France",
        "2026",
        "data engineering",
        "What to do:",
        "euregio letter",
        "nothing was released yet",
    ):
        assert part in text


def test_the_webhook_gets_the_critical_ones_with_their_facts(failed, sinks) -> None:  # noqa: ARG001
    _, hook = sinks
    eventually(lambda: len(hook.posts) >= 3)
    assert sorted((one["kind"], one["severity"], one["owner"]) for one in hook.facts) == [
        ("not_the_dataset", "critical", "data engineering"), ("publisher_refuses", "critical", "data engineering"),
        ("undecodable", "critical", "data engineering"),
    ]  # fmt: skip


def test_a_letter_tells_the_publisher_which_file_it_was(up, failed) -> None:  # noqa: ARG001
    from euregio.commands.incidents import incidents, letter_about

    lines = list(incidents(settings=up.installation.settings))
    assert len(lines) == 4
    wanted = next(line.split()[0] for line in lines if "fr.charging" in line)
    text = letter_about(wanted, settings=up.installation.settings)
    assert "Madame, Monsieur," in text
    assert f"{up.sandbox.address}/fr.charging__irve_static" in text
    assert "SHA-256: " in text


def test_a_later_run_gives_the_all_clear_through_the_watch(up, failed, sinks) -> None:  # noqa: ARG001
    mail, _ = sinks
    up.sandbox.misbehave("nl.charging__dot_nl", "normal")
    run(up, "nl.charging__dot_nl", "success")
    up.airflow.pause("watch", False)
    for _ in range(2):
        look(up)
    assert told(mail, "nl.charging__dot_nl")[1:] == [
        next(
            subject
            for subject in mail.subjects
            if subject.startswith("[all clear] nl.charging__dot_nl: the publisher sends something else")
        )
    ]
    assert len(mail.mails) == 5
