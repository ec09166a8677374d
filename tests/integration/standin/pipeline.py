"""A pipeline that moves no data: it writes down what was asked, and fails as its dataset's name says."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from euregio.errors import DecodeError, FetchError

JOURNAL = Path(os.environ.get("EUREGIO_HOME", ".")) / "journal.jsonl"


@dataclass
class Batch:
    dataset: str
    period: str
    rows: int = 0
    unchanged: bool = False
    accepted: object = None

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict) -> Batch:
        return cls(**content)


def note(step: str, **facts: object) -> None:
    with JOURNAL.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"step": step, **facts}) + "\n")


def extract(dataset_id: str, period: str, *, run_id: str, lookup: object) -> Batch:  # noqa: ARG001
    note("extract", dataset=dataset_id, period=period, run_id=run_id)
    if "unreachable" in dataset_id:
        error = FetchError("the publisher did not answer", where=dataset_id)
        error.retry_after = 3600
        raise error
    if "hanging" in dataset_id:
        time.sleep(float(os.environ["EUREGIO_STANDIN_SLEEP_S"]))
    return Batch(dataset_id, period, rows=3, unchanged="stale" in dataset_id)


def check(batch: Batch) -> Batch:
    note("check", dataset=batch.dataset, period=batch.period)
    if "broken" in batch.dataset:
        raise DecodeError("these bytes are not the format", where=batch.dataset)
    return batch


def harmonise(batch: Batch) -> Batch:
    note("harmonise", dataset=batch.dataset, period=batch.period)
    return batch


def release(batch: Batch) -> Batch:
    note("release", dataset=batch.dataset, period=batch.period)
    return batch
