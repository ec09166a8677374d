"""What a task took: processor seconds, memory, bytes, rows; left as XCom, so that the pages can tell it without its zone."""

from __future__ import annotations

import functools
import logging
import resource
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from airflow.sdk import get_current_context

from euregio.storage import meter

_LOG = logging.getLogger(__name__)
#: Key of the XCom.
XCOM_KEY = "measured"
#: What the rows of a step are called in the reference that it hands on.
_ROWS = {"extract": "records", "check": "records", "harmonise": "rows", "release": "released"}
#: Which bytes a step can move; of the others nothing is said.
_BYTES: dict[str, tuple[meter.What, ...]] = {
    "extract": ("fetched", "landed", "zone"), "check": ("zone",), "harmonise": ("zone",), "release": ("layer",),
}  # fmt: skip
#: The unit of ru_maxrss in bytes.
_MAXRSS = 1 if sys.platform == "darwin" else 1024
Given = ParamSpec("Given")
Done = TypeVar("Done")


def measured(step: str) -> Callable[[Callable[Given, Done]], Callable[Given, Done]]:
    """Measure a task's function, also where it fails. Of a task that is tried again Airflow keeps the last try's XCom."""

    def around(work: Callable[Given, Done]) -> Callable[Given, Done]:
        @functools.wraps(work)
        def run(*args: Given.args, **kwargs: Given.kwargs) -> Done:
            processor, bytes_before = _processor_s(), meter.so_far()
            done: Done | None = None
            try:
                done = work(*args, **kwargs)
                return done
            finally:
                _leave(step, _processor_s() - processor, bytes_before, done)

        return run

    return around


def _leave(step: str, processor_s: float, before: dict[str, int], done: Any) -> None:
    try:
        now = meter.so_far()
        said: dict[str, Any] = {"processor_s": round(processor_s, 3), "peak_memory_bytes": _peak_bytes()}
        said |= {f"{what}_bytes": now[what] - before[what] for what in _BYTES[step]}
        if isinstance(done, dict) and not done.get("unchanged"):
            said["rows_count"] = done.get(_ROWS[step])
        get_current_context()["ti"].xcom_push(key=XCOM_KEY, value=said)
    except Exception:  # a measure must not fail what it measures
        _LOG.warning("what the task took could not be noted", exc_info=True)


def _processor_s() -> float:
    """Processor time of this process and of the children that it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_bytes() -> int:
    """The most memory that this process has held; a task is a process of its own, whose beginning counts too."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS
