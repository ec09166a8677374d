"""The deployed cluster policy, with waits that a test can sit through, and points where a worker can be held and killed.

A file `<dataset>.<point>` in EUREGIO_TEST_HOLD holds the next task of the dataset at that point until it is taken away;
there it is renamed to `<dataset>.<point>.reached`.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve()
_SPEC = importlib.util.spec_from_file_location("deployed_policy", _HERE.parents[3] / "deploy/config" / _HERE.name)
_DEPLOYED = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_DEPLOYED)


def task_policy(task: Any) -> None:
    """As deployed; a task that lost its worker is tried again at once."""
    _DEPLOYED.task_policy(task)
    task.retry_delay = timedelta(seconds=1)
    task.retry_exponential_backoff = 0


def _hold(point: str, dataset: str) -> None:
    asked = Path(os.environ["EUREGIO_TEST_HOLD"]) / f"{dataset}.{point}"
    if asked.exists():
        reached = asked.rename(f"{asked}.reached")
        while reached.exists():
            time.sleep(0.1)


def _after(function: Callable[..., Any], point: str, dataset_of: Callable[..., str]) -> Callable[..., Any]:
    @functools.wraps(function)
    def held(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        _hold(point, dataset_of(*arguments))
        return result

    return held


def _install() -> None:
    from euregio import pipeline
    from euregio.release import write
    from euregio.storage.zones import Zone

    # the landed bytes are in the zone, nothing is decoded yet
    pipeline._land = _after(pipeline._land, "extract", lambda dataset, *_: dataset.id)
    # failures are written, their outcome is not
    check = Zone.write_bytes

    def write_bytes(self: Any, rel: str, data: bytes) -> None:
        name = rel.rsplit("/", 1)[-1]
        point = "check" if name == "outcome.json" else "harmonise" if name.startswith("rows-") else ""
        if point:
            _hold(point, repr(self).rstrip("')").rsplit("/", 1)[-1])
        check(self, rel, data)

    Zone.write_bytes = write_bytes  # type: ignore[method-assign]
    # all rows are written within the transaction, which is not committed; then: committed, and Airflow not told
    write._note_quality = _after(write._note_quality, "release", lambda _con, dataset, *_: dataset.id)
    pipeline.write_release = _after(pipeline.write_release, "released", lambda _con, dataset, *_: dataset.id)


if os.environ.get("EUREGIO_TEST_HOLD") and {"celery", "edge"} & set(sys.argv):
    _install()
