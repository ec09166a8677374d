"""Airflow's name of a host in the tests: all run on one machine, so the worker's own name tells them apart."""

from __future__ import annotations

import sys


def worker_name() -> str:
    """`worker-de` in a Celery or Edge worker and in what it forks, `centre` elsewhere."""
    words = sys.argv
    return words[words.index("-H") + 1] if "-H" in words else "centre"
