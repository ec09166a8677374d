"""What a run started is ended with it, whatever sessions its children opened."""

import subprocess
import sys
import time

import psutil
import pytest

from euregio.orchestration.installation import Installation, OrchestrationError
from euregio.orchestration.services import Services
from euregio.settings import Settings

DEAF_CHILD = (
    "import os, signal, subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)'],"
    " start_new_session=True); print('up', flush=True); time.sleep(60)"
)


def test_a_child_in_its_own_session_that_ignores_sigterm_is_ended_too(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("euregio.orchestration.services.GRACE", 0.5)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with Services(tmp_path) as services:
        services.start("parent", [sys.executable, "-c", DEAF_CHILD], {})
        log = tmp_path / "parent.log"
        services.wait_until(lambda: "up" in log.read_text(), "the parent", seconds=60)
        time.sleep(0.3)
        family = [
            child
            for child in psutil.Process().children(recursive=True)
            if child.pid not in before
            and child.status() != psutil.STATUS_ZOMBIE
            and not any(parent.pid in before for parent in child.parents())
        ]
        assert len(family) >= 2
    assert not [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE]


def test_a_process_that_ends_by_itself_is_reported_with_its_last_words(tmp_path) -> None:
    with Services(tmp_path) as services:
        services.start("worker", [sys.executable, "-c", "print('no disk')"], {})
        with pytest.raises(OrchestrationError, match=r"worker ended by itself; found no disk"):
            services.wait_until(lambda: False, "the worker", seconds=60)


def test_what_a_killed_run_left_is_ended_by_the_next(tmp_path) -> None:
    killed = Services(tmp_path).__enter__()
    killed.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], {})
    (sleeper,) = (child for child in psutil.Process().children() if "time.sleep(60)" in " ".join(child.cmdline()))
    with Services(tmp_path):
        assert not sleeper.is_running() or sleeper.status() == psutil.STATUS_ZOMBIE
    killed.end()


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path))
    monkeypatch.setattr(Installation, "airflow", lambda *_: "")
    first = Installation("sandbox", Settings())
    first.prepare()
    passwords = first.password, first.environment["AIRFLOW__API_AUTH__JWT_SECRET"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (first.home, first.secrets_file, first.password_file))
    second = Installation("sandbox", Settings())
    second.prepare()
    assert (second.password, second.environment["AIRFLOW__API_AUTH__JWT_SECRET"]) == passwords
    assert len(set(passwords)) == 2


def test_a_second_run_on_the_same_state_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path))
    held = Installation("sandbox", Settings())
    with held.locked():
        hold = "from euregio.orchestration.installation import Installation as I\nwith I().locked(): pass"
        done = subprocess.run([sys.executable, "-c", hold], capture_output=True, text=True, check=False)
    assert "another run or UI uses this state" in done.stderr
