"""A publisher on loopback for each test, and a fetcher that does not really sleep."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))

from publisher import Publisher, running

from euregio.extract.fetch import http


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with running() as publisher:
        yield publisher


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the fetcher would have slept between attempts."""
    seconds: list[float] = []
    monkeypatch.setattr(http, "sleep", seconds.append)
    return seconds
