"""Faults of the campaign: each a context manager, with the kind that an alert must name."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from euregio.errors import ReleaseError


@contextmanager
def misbehaving(sandbox: Any, dataset: Any, mode: str, **how: float) -> Iterator[None]:
    """The publisher misbehaves."""
    sandbox.misbehave(dataset.id, mode, **how)
    try:
        yield
    finally:
        sandbox.misbehave(dataset.id, "normal")


@contextmanager
def patched(name: str, value: Any) -> Iterator[None]:
    """Something of ours is replaced."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name, value)
        yield


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Our environment is another."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def raising(name: str, error: Exception) -> Any:
    """Something of ours raises."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return patched(name, fail)


@contextmanager
def suite(dataset: Any, folder: Path, change: Callable[[Path], None]) -> Iterator[None]:
    """The suite of the dataset's format is another; all else of expectations/ as it is."""
    from euregio import stages

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(stages.EXPECTATIONS, folder)
    change(folder / "formats" / f"{dataset.format}.json")
    with patched("euregio.stages.EXPECTATIONS", folder):
        yield


def rule(severity: str, column: str = "no_such_column") -> Callable[[Path], None]:
    """Adds a rule that no batch meets: on a column that is not there (critical), or a count of rows."""

    def add(path: Path) -> None:
        content = json.loads(path.read_text())
        content["expectations"].append({
            "type": "expect_column_to_exist", "kwargs": {"column": column}, "severity": severity,
            "meta": {"reason": f"no_column_{column}", "title": f"the column {column} is there"},
        })  # fmt: skip
        path.write_text(json.dumps(content))

    return add


def broken(path: Path) -> None:
    """Makes the suite no JSON."""
    path.write_text("{")


def held(gate: str) -> Any:
    """A gate holds the batch."""
    from euregio.check.gates.finding import Finding, block

    def hold(*_: object, **__: object) -> None:
        block([Finding(gate, f"the {gate} is far from that of the last release", True, {})], "x", "0" * 20)

    return patched("euregio.gates.hold_records", hold)


def fresh() -> Any:
    """The batch is not the one released: every step has work."""
    return patched("euregio.pipeline.is_released", lambda *_: False)


#: Faults that need no publisher, by the kind that the alert must name.
OURS: dict[str, Callable[[], Any]] = {
    "out_of_disk": lambda: raising("euregio.pipeline.land", OSError(errno.ENOSPC, "No space left on device")),
    "store_unavailable": lambda: raising("euregio.pipeline.land", PermissionError(errno.EACCES, "Permission denied")),
    "out_of_memory": lambda: raising("euregio.pipeline.decode", MemoryError()),
    "program_error": lambda: raising("euregio.stages.harmonise_table", KeyError("a row of Hans Muster")),
    "layer_busy": lambda: raising(
        "euregio.pipeline.write_release",
        ReleaseError("the layer's catalogue stayed busy for 60 s").told_as("layer_busy"),
    ),
    "release_refused": lambda: raising(
        "euregio.pipeline.write_release", ReleaseError("no table has such a field or tag")
    ),
    "layer_unavailable": lambda: environment(
        EUREGIO_LAYER_CATALOGUE="postgres:host=127.0.0.1 port=1 dbname=none connect_timeout=2"
    ),
    "volume_anomaly": lambda: held("volume"),
    "schema_drift": lambda: held("schema"),
    "identity_churn": lambda: held("identity"),
}


def raising_nothing_sound() -> Any:
    """Every row is kept back: the rows' judge finds a reason for each."""
    from euregio import stages

    real = stages.harmonise_table

    def harmonise_table(
        con: Any, format_name: str, name: str, decoded: Any, failures: Any, out: Path, **how: Any
    ) -> Any:
        found = real(con, format_name, name, decoded, failures, out, **how)
        rows = con.sql(
            f"SELECT * REPLACE ('quarantined' AS _verdict, ['swapped_coordinates'] AS _reasons) FROM read_parquet('{out}')"
        )
        rows.write_parquet(f"{out}.new")
        Path(f"{out}.new").replace(out)
        import dataclasses

        return dataclasses.replace(
            found, quarantined=found.rows, admitted=0, corrected=0, reasons={"swapped_coordinates": found.rows}
        )

    return patched("euregio.stages.harmonise_table", harmonise_table)
