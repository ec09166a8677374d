"""Sandboxes that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import httpx
import pytest

from euregio.sandbox.running import Sandbox


class Fetched(NamedTuple):
    """An answer: status, headers, body as the publisher's bytes."""

    status: int
    headers: httpx.Headers
    body: bytes


@pytest.fixture(scope="session")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of 6 000 points, every seventh station with a defect."""
    with Sandbox(size=6000, seed=7, defects=0.15, work=tmp_path_factory.mktemp("spoiled")) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of 1 500 points without defects."""
    with Sandbox(size=1500, seed=11, defects=0, work=tmp_path_factory.mktemp("clean")) as sandbox:
        yield sandbox


@pytest.fixture
def get() -> Callable[..., Fetched]:
    """Fetch an address without asking for compression."""

    def fetch(address: str, method: str = "GET", **headers: str) -> Fetched:
        with httpx.Client(trust_env=False, timeout=20) as client:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            request = client.build_request(method, address, headers={"Accept-Encoding": "identity", **names})
            response = client.send(request, stream=True)
            body = b"".join(response.iter_raw())
            response.close()
        return Fetched(response.status_code, response.headers, body)

    return fetch


@pytest.fixture
def truth() -> Callable[[Sandbox, str], list[tuple]]:
    """Ask SQL over the truth's points (view `points`) of a sandbox."""

    def ask(sandbox: Sandbox, sql: str) -> list[tuple]:
        con = duckdb.connect()
        path: Path = sandbox.truth
        con.execute(f"CREATE VIEW points AS SELECT * FROM read_parquet('{path / 'points.parquet'}')")
        for name in ("defects", "matches", "regions", "sides", "datasets", "status"):
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_csv('{path / name}.csv')")
        return con.execute(sql).fetchall()

    return ask
