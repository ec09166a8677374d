"""The atlas of the small world, written once for all tests that only read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from atlas_world import HERE, empty, regions, world

from euregio.publish.atlas.messages import FOLDER
from euregio.publish.atlas.page import write_atlas


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The small world as a layer."""
    with world(tmp_path_factory.mktemp("world")) as con:
        yield con


@pytest.fixture
def empty_layer(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A layer without a row."""
    with empty(tmp_path) as con:
        yield con


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The languages of the atlas, and one more that has hardly begun."""
    folder = tmp_path_factory.mktemp("messages")
    for path in (*FOLDER.glob("*.yaml"), HERE / "languages" / "xx.yaml"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def atlas(layer: duckdb.DuckDBPyConnection, messages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the written atlas."""
    return write_atlas(
        layer, tmp_path_factory.mktemp("atlas"), regions=regions(), messages=messages, is_sandbox=True
    ).parent
