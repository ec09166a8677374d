"""The pages in Airflow show nothing to whom Airflow does not know."""

import pytest
from airflow.api_fastapi import app as airflow_app
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from euregio.orchestration.pages import links_app, pages_app


@pytest.fixture
def app(tmp_path):
    (tmp_path / "atlas" / "data").mkdir(parents=True)
    (tmp_path / "atlas" / "index.html").write_text("<p>the atlas")
    (tmp_path / "atlas" / "data" / "a.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return pages_app(tmp_path / "atlas")


@pytest.fixture(autouse=True)
def manager(monkeypatch) -> None:
    """Airflow's simple auth manager, as its API server sets it up."""
    monkeypatch.setattr(airflow_app._AuthManagerState, "instance", SimpleAuthManager())


def known(app, role: str | None = "viewer") -> TestClient:
    app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="anna", role=role)
    return TestClient(app)


def test_who_may_not_read_dags_sees_nothing(app) -> None:
    assert known(app, role=None).get("/atlas/").status_code == 403


@pytest.mark.parametrize("path", ["/atlas/", "/atlas/index.html", "/atlas/data/a.json", "/atlas/none.html"])
def test_without_a_log_in_every_page_is_refused(app, path: str) -> None:
    assert TestClient(app).get(path).status_code == 401


def test_every_route_asks_for_the_user(app) -> None:
    routes = [route for route in app.routes if hasattr(route, "dependant")]
    assert routes
    assert all(any(need.call is get_user for need in route.dependant.dependencies) for route in routes)
    assert len(routes) == len(app.routes)


def test_a_user_sees_the_atlas_and_its_files(app) -> None:
    client = known(app)
    assert client.get("/atlas/").text == "<p>the atlas"
    assert client.get("/atlas/data/a.json").json() == {}
    assert client.get("/atlas/none.html").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/atlas/..%2Fsecret.txt",
        "/atlas/%2E%2E/secret.txt",
        "/atlas//etc/passwd",
        "/atlas/data/..%2F..%2Fsecret.txt",
        "/atlas/" + "a" * 300,
        "/atlas/" + "a/" * 3000,
        "/atlas/%00",
    ],
)
def test_no_path_leads_out_of_the_atlas(app, path: str) -> None:
    answer = known(app).get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_before_the_first_publication_the_page_says_so(tmp_path) -> None:
    assert "no atlas yet" in known(pages_app(tmp_path / "none")).get("/atlas/").text


def test_every_icon_that_the_menu_names_is_there_for_whoever_is_logged_in() -> None:
    from euregio_plugin import EuregioPlugin

    named = [view[key] for view in EuregioPlugin.external_views for key in ("icon", "icon_dark_mode") if key in view]
    assert len(named) == 4
    for address in named:
        path = address.removeprefix("/euregio-links")
        assert TestClient(links_app()).get(path).status_code == 401
        answer = known(links_app(), role=None).get(path)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert "<script" not in answer.text


def test_the_script_of_links_is_for_whoever_is_logged_in() -> None:
    assert TestClient(links_app()).get("/asset_link.js").status_code == 401
    client = known(links_app(), role=None)
    answer = client.get("/asset_link.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "globalThis" in answer.text
    for path in ("/", "/asset_link.js/..", "/../pages.css", "/pages.css", "/datasets"):
        assert client.get(path).status_code == 404
