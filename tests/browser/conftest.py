"""A headless Chromium and the atlas of the small world, for tests of how pages look and behave."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "publish"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

from atlas_world import regions, world

from euregio.publish.atlas.page import write_atlas

_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync")  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser with a profile of its own. Tests are skipped where there is none (EUREGIO_CHROMIUM names another)."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = (
        os.environ.get("EUREGIO_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if not path:
        pytest.skip("no Chromium on this machine: install it (apt-get install chromium) or set EUREGIO_CHROMIUM")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the written atlas of the small world."""
    with world(tmp_path_factory.mktemp("world")) as con:
        return write_atlas(con, tmp_path_factory.mktemp("atlas"), regions=regions(), is_sandbox=True).parent
