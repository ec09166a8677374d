"""Processes that belong to a run: started together, watched, and ended with all their children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

from euregio.orchestration.installation import OrchestrationError

#: Seconds that processes get to end by themselves.
GRACE = 6.0
#: Airflow's components as its commands; the scheduler's own log server is not needed on one machine.
SCHEDULER = ("scheduler", "--skip-serve-logs")
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": SCHEDULER,
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class Services:
    """Running processes by name, each with a log file `<logs>/<name>.log`. A context manager: leaving ends them all."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Services:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._end(self._left_over())
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Start a process in a session of its own, so that Ctrl-C reaches only us and we end it in order."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        born = [[process.pid, psutil.Process(process.pid).create_time()] for process in self._running.values()]
        self._note.write_text(json.dumps(born), "utf-8")

    def start_airflow(self, names: list[str], environment: Mapping[str, str]) -> None:
        """Start Airflow's components by name. A scheduler whose executor runs tasks itself gets their imports ahead."""
        local = "LocalExecutor" in environment.get("AIRFLOW__CORE__EXECUTOR", "")
        for name in names:
            module = "euregio.orchestration.preloaded" if name == "scheduler" and local else "airflow"
            self.start(name, [sys.executable, "-m", module, *COMPONENTS[name]], environment)

    def start_worker(self, queues: str, environment: Mapping[str, str], concurrency: int = 1) -> str:
        """Start a Celery worker for queues (`de` or `eu,default`); gives its name, `worker-de`."""
        name = f"worker-{queues.replace(',', '-')}"
        options = ["-q", queues, "-H", name, "-c", str(concurrency), "--skip-serve-logs", "--without-mingle"]
        preloaded = [sys.executable, "-m", "euregio.orchestration.preloaded", "celery", "worker"]
        self.start(name, [*preloaded, *options, "--pid", str(self.logs / f"{name}.pid")], environment)
        return name

    def kill(self, name: str) -> None:
        """End a process and its children with no chance to clean up, as a machine that loses its power does."""
        process = self._running.pop(name)
        for member in _with_children([process.pid]).values():
            _send(member, signal.SIGKILL)
        process.wait(GRACE)

    def check(self) -> None:
        """Raises OrchestrationError where a process has ended, with the last line of its log."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = self.logs / f"{name}.log"
                lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
                raise OrchestrationError(
                    f"{name} ended by itself",
                    where=str(log),
                    found=lines[-1] if lines else f"exit {process.returncode}",
                )

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = 180, every: float = 0.3) -> None:
        """Wait until `ready()`. Raises OrchestrationError after `seconds`, or when a process ends."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise OrchestrationError(f"{what} was not ready after {seconds:.0f} s", where=str(self.logs))
            time.sleep(every)

    def end(self) -> None:
        """End all processes and their children, also those in sessions of their own."""
        self._end([process.pid for process in self._running.values()])
        for process in self._running.values():
            process.poll()
        self._running.clear()
        self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        """Who runs: what a runner that was killed outright leaves for the next one."""
        return self.logs / "running.json"

    def _left_over(self) -> list[int]:
        """Processes of an earlier run that still live: the same number and the same time of birth."""
        found = []
        for pid, born in json.loads(self._note.read_text("utf-8")) if self._note.exists() else []:
            with suppress(psutil.NoSuchProcess):
                if abs(psutil.Process(pid).create_time() - born) < 1:
                    found.append(pid)
        return found

    def _end(self, parents: list[int]) -> None:
        """Airflow's scheduler leaves its workers behind when it is ended alone, so the whole tree is taken first."""
        tree = _with_children(parents)
        for member in tree.values():
            _send(member, signal.SIGTERM)
        _, alive = psutil.wait_procs(list(tree.values()), timeout=GRACE)
        # What was started meanwhile is in the same session, also where its parent has gone.
        tree = {member.pid: member for member in alive} | _with_children(parents)
        for member in tree.values():
            _send(member, signal.SIGKILL)
        psutil.wait_procs(list(tree.values()), timeout=GRACE)


def _with_children(parents: list[int]) -> dict[int, psutil.Process]:
    """The processes, their children, and what is left in the sessions that they opened, by number."""
    found: dict[int, psutil.Process] = {}
    for pid in parents:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            found |= {pid: parent} | {child.pid: child for child in parent.children(recursive=True)}
    for pid in psutil.pids():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(pid) in parents:
                found.setdefault(pid, psutil.Process(pid))
    return found


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


@contextmanager
def terminated_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end this process like Ctrl-C: through the clean-up."""

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  a handler gets both
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
