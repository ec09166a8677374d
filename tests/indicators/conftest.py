"""Fixtures of the tests of indicators: the tiny world as a layer, and its regions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tiny_world import HERE, build, empty

from euregio.declarations.regions import Region, load_regions


@pytest.fixture
def empty_layer(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A layer without a row."""
    with empty(tmp_path) as con:
        yield con


@pytest.fixture
def layer(empty_layer: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The tiny world as a layer."""
    build(empty_layer)
    return empty_layer


@pytest.fixture(scope="session")
def regions() -> dict[str, Region]:
    """Regions of the tiny world: pair (two sides), bands (many points along the border), lonely (too little is known)."""
    return load_regions(HERE / "regions")
