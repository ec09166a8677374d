"""The pages over a small real layer, with Airflow's simple auth manager and no Airflow beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import operated_layer
from airflow.api_fastapi import app as airflow_app
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from euregio.declarations import datasets, profiles
from euregio.orchestration import page_airflow
from euregio.orchestration.pages import pages_app
from euregio.settings import Settings
from own_settings import forget_settings


@dataclass
class World:
    """The installation, the dataset's one incident, and what runs were started."""

    settings: Settings
    incident: str
    started: list[dict[str, Any]]
    client: Callable[..., TestClient]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("pages")
    project = operated_layer.project(root)
    declared = datasets.load_dataset(project / "include/datasets/fr/charging__office.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "dataset", lambda name, *_: declared if name == operated_layer.NAME else _none(name))
        patch.setattr(datasets, "load_datasets", lambda *_: [declared])
        patch.setattr(profiles, "FOLDER", project / "include/profiles")
        profiles.load_profile.cache_clear()
        forget_settings(patch)
        patch.setenv("EUREGIO_HOME", str(root / "home"))
        patch.setenv("EUREGIO_PROFILE", "trial")
        incident = operated_layer.fill(Settings())
        started: list[dict[str, Any]] = []

        async def accept(
            _self: Any, _request: Any, dag_id: str, partition: str, conf: dict[str, Any], person: str
        ) -> str:
            started.append({"dag_id": dag_id, "partition": partition, "conf": conf, "person": person})
            return "manual__1"

        patch.setattr(page_airflow.AirflowSide, "accept", accept)
        patch.setattr(page_airflow, "_asked", lambda *_a, **_k: [])
        patch.setattr(page_airflow, "_by_team", lambda ids: {None: set(ids)})
        patch.setattr("airflow.models.dag.DagModel.get_team_name", lambda *_a, **_k: None)
        patch.setattr(airflow_app._AuthManagerState, "instance", SimpleAuthManager())
        yield World(Settings(), incident, started, _clients(root / "atlas"))
        profiles.load_profile.cache_clear()


def _none(name: str) -> Any:
    from euregio.errors import DeclarationError

    raise DeclarationError("no such dataset", found=name)


def _clients(atlas: Path) -> Callable[..., TestClient]:
    def client(role: str | None = "viewer", *, name: str = "anna", logged_in: bool = True) -> TestClient:
        app = pages_app(atlas)
        if logged_in:
            app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username=name, role=role)
        return TestClient(app, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False)

    return client


@pytest.fixture
def empty(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same dataset where nothing has run yet."""
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path))
    return world
