"""A real Airflow over a small project whose data's work is a stand-in (the folder `standin`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from euregio.declarations import datasets, profiles
from euregio.orchestration import session as module
from euregio.orchestration.installation import Installation
from euregio.settings import PROJECT, Settings
from own_settings import forget_settings


@contextmanager
def standin_airflow(root: Path, *components: Any, **settings: str) -> Iterator[module.Session]:
    """Airflow is up over the project in `root`/project, profile `live`; `settings` are environment variables."""
    include = root / "project" / "include"
    environment = {
        "EUREGIO_PROJECT": str(root / "project"), "EUREGIO_HOME": str(root / "home"),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).with_name("standin")), str(PROJECT / "plugins")]), **settings,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr("euregio.declarations.datasets.FOLDER", include / "datasets")
        patch.setattr("euregio.declarations.profiles.FOLDER", include / "profiles")
        patch.setattr("euregio.orchestration.installation.PROJECT", root / "project")
        patch.setattr(module, "load_datasets", lambda: datasets.load_datasets(include / "datasets"))
        profiles.load_profile.cache_clear()
        try:
            with module.session(Installation("live", Settings()), *components) as session:
                yield session
        finally:
            profiles.load_profile.cache_clear()
