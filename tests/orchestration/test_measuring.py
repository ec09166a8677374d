"""A task's measures: left as XCom also where it fails, true, and never the reason of a failure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from euregio.extract.fetch.fetched import Fetched
from euregio.extract.landing import DatasetFacts, land
from euregio.orchestration import measuring
from euregio.orchestration.measuring import XCOM_KEY, measured
from euregio.storage import meter
from euregio.storage.zones import Zones


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a task has left as XCom."""
    found: dict[str, Any] = {}
    ti = SimpleNamespace(xcom_push=lambda key, value: found.update({key: value}))
    monkeypatch.setattr(measuring, "get_current_context", lambda: {"ti": ti})
    return found


def test_it_measures_processor_memory_bytes_and_rows(left: dict[str, Any]) -> None:
    @measured("extract")
    def extract() -> dict[str, Any]:
        sum(number * number for number in range(2_000_000))
        meter.moved("fetched", 100)
        return {"records": 12, "unchanged": False}

    meter.moved("fetched", 1_000_000)  # of another task
    assert extract()["records"] == 12
    said = left[XCOM_KEY]
    assert said["processor_s"] > 0.01
    assert said["peak_memory_bytes"] > 10_000_000
    assert (said["fetched_bytes"], said["landed_bytes"], said["rows_count"]) == (100, 0, 12)
    assert "layer_bytes" not in said, "a step says nothing of what it cannot move"


def test_a_task_that_fails_is_measured_and_its_error_is_its_own(left: dict[str, Any]) -> None:
    @measured("check")
    def check() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        check()
    assert left[XCOM_KEY]["processor_s"] >= 0
    assert "rows_count" not in left[XCOM_KEY]


def test_unchanged_bytes_have_no_rows(left: dict[str, Any]) -> None:
    measured("extract")(lambda: {"records": 0, "unchanged": True})()
    assert "rows_count" not in left[XCOM_KEY]


def test_a_measure_that_cannot_be_left_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "get_current_context", dict)
    assert measured("release")(lambda: {"released": 1})() == {"released": 1}


def test_bytes_are_counted_where_they_are_landed(tmp_path: Any) -> None:
    from datetime import UTC, datetime
    from hashlib import sha256

    zone = Zones(str(tmp_path / "zones")).of("nl", "test")
    before = meter.so_far()
    for turn, status in enumerate((200, 200, None)):
        file = tmp_path / f"{turn}"
        file.write_bytes(b"bytes" * 20)
        came = Fetched(file, "a.csv", "https://x.example/a.csv", sha256(b"bytes" * 20).hexdigest(), 100, datetime.now(UTC), status)  # fmt: skip
        land(zone, [came], DatasetFacts("nl.test"))
    now = meter.so_far()
    assert {name: now[name] - before[name] for name in ("fetched", "landed", "layer")} == {
        "fetched": 200, "landed": 100, "layer": 0,
    }  # fmt: skip
    assert now["zone"] - before["zone"] > 100, "manifests are written too"
