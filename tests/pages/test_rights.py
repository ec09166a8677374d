"""Who may see and who may change: asked of Airflow's own auth manager, for every route."""

from __future__ import annotations

from typing import Any

import pytest
from operated_layer import NAME

from euregio.declarations.roles import load_roles
from euregio.orchestration import rights

#: Roles of the simple auth manager, in production Viewer, Engineer, Steward, Admin: what reading and accepting are answered.
ROLES = {None: (403, 403), "viewer": (200, 403), "user": (200, 403), "op": (200, 303), "admin": (200, 303)}


def order(world: Any, **changes: Any) -> dict[str, Any]:
    held = world.client().get(f"/api/incidents/{world.incident}").json()["held"]
    return {"batch": held["batch"], "gates": held["gates"], "reason": "the publisher says so", **changes}


def every_path(world: Any) -> list[tuple[str, str]]:
    """Each route of the application with its method, its parameters filled."""
    app = world.client().app
    found = []
    for route in _routes(app):
        path = route.path.replace("{path:path}", "index.html").replace("{dag_id}", NAME)
        path = path.replace("{run_id}", "run-2").replace("{incident_id}", world.incident)
        found += [(method, path) for method in route.methods]
    return found


def _routes(app: Any) -> list[Any]:
    spec: list[Any] = []
    for route in app.routes:
        spec += _routes(route.original_router) if hasattr(route, "original_router") else [route]
    return spec


def test_without_a_log_in_every_route_is_refused(world: Any) -> None:
    paths = every_path(world)
    assert len(paths) >= 17
    client = world.client(logged_in=False)
    assert {(method, path): client.request(method, path).status_code for method, path in paths} == dict.fromkeys(
        paths, 401
    )
    assert "Log in to Airflow" in client.get("/datasets").text


@pytest.mark.parametrize("role", ROLES)
def test_reading_needs_the_right_to_read_dags_and_accepting_a_right_of_its_own(world: Any, role: str | None) -> None:
    read, write = ROLES[role]
    client = world.client(role)
    before = len(world.started)
    # every page costs a look into the layer: all of them for two roles
    for method, path in every_path(world) if role in (None, "viewer") else [("GET", "/api/incidents")]:
        if method == "GET" and "atlas" not in path:
            assert client.get(path).status_code in ((read, 307) if path == "/" and read == 200 else (read,)), path
    assert len(world.started) == before, "a GET changes nothing"
    answer = client.post(f"/incidents/{world.incident}/accept", data=order(world))
    assert answer.status_code == write
    assert client.post(f"/api/incidents/{world.incident}/acceptance", json=order(world)).status_code == (
        201 if write == 303 else 403
    )
    assert len(world.started) - before == (2 if write == 303 else 0)
    if role in ("viewer", "user"):
        page = client.get(f"/incidents/{world.incident}").text
        assert "<form" not in page
        assert "may not accept" in page


def test_rows_that_were_kept_back_are_not_for_every_reader(world: Any) -> None:
    """The dataset is open, so policy lets them be shown; a viewer still sees numbers and reasons only."""
    kept = {role: world.client(role).get(f"/api/datasets/{NAME}").json()["kept"][0] for role in ("viewer", "user")}
    assert kept["user"]["rows"]
    (row,) = kept["user"]["rows"][:1]
    assert kept["viewer"]["rows"] == []
    assert kept["viewer"]["records"] == kept["user"]["records"] != {}
    for role in ("viewer", "user"):
        assert (row["point_id"] in world.client(role).get(f"/datasets/{NAME}").text) == (role == "user")


@pytest.mark.parametrize("right", [rights.ACCEPT, rights.KEPT_ROWS])
def test_an_auth_manager_that_fails_or_does_not_know_a_right_says_no(right: rights.Right) -> None:
    class Broken:
        def is_authorized_custom_view(self, **_: Any) -> bool:
            raise RuntimeError("no such resource")

    class Another:
        def is_authorized_custom_view(self, *, method: str, resource_name: str, user: Any) -> bool:
            return (method, resource_name) == user

    assert not rights.has(Broken(), object(), right)
    assert not rights.has(Another(), ("GET", "Euregio"), right)
    assert rights.has(Another(), (right.method, right.resource), right)


def test_every_right_that_is_asked_is_declared_with_its_action() -> None:
    action = {"GET": "can_read", "PUT": "can_edit"}
    asked = {one.resource: (action[one.method],) for one in (rights.ACCEPT, rights.KEPT_ROWS)}
    assert load_roles().rights == asked


def test_the_run_carries_what_was_accepted_and_no_person(world: Any) -> None:
    given = order(world, person="the boss", user="root")
    answer = world.client("op").post(f"/incidents/{world.incident}/accept", data=given)
    assert answer.headers["location"] == f"/incidents/{world.incident}?started=manual__1"
    assert world.started[-1] == {
        "dag_id": NAME, "partition": "FR|2026-11-22",
        "conf": {"period": "2026-11-22", "accept": {"batch": given["batch"], "gates": ["volume"], "reason": "the publisher says so"}},
        "person": "anna",
    }  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {},
    ],
)  # fmt: skip
def test_another_sites_page_changes_nothing(world: Any, headers: dict[str, str]) -> None:
    client, given, before = world.client("admin"), order(world), len(world.started)
    client.headers.pop("sec-fetch-site")
    for path, body in (
        (f"/incidents/{world.incident}/accept", {"data": given}),
        (f"/api/incidents/{world.incident}/acceptance", {"json": given}),
    ):
        assert client.post(path, headers=headers, **body).status_code == 403
    assert len(world.started) == before


@pytest.mark.parametrize("headers", [{"Origin": "http://testserver"}, {"Authorization": "Bearer t"}])
def test_an_older_browser_and_a_program_may(world: Any, headers: dict[str, str]) -> None:
    client = world.client("admin")
    client.headers.pop("sec-fetch-site")
    assert client.post(f"/incidents/{world.incident}/accept", data=order(world), headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"batch": "ab" * 10}, 409), ({"batch": "../.."}, 422), ({"gates": ["everything"]}, 422), ({"gates": []}, 422),
        ({"reason": "ok"}, 422), ({"reason": "     \t "}, 422), ({"reason": "x" * 501}, 422), ({"reason": "y" * 20_000}, 413),
    ],
)  # fmt: skip
def test_an_order_that_is_none_starts_nothing(world: Any, changes: dict[str, Any], status: int) -> None:
    before = len(world.started)
    assert (
        world.client("admin").post(f"/incidents/{world.incident}/accept", data=order(world, **changes)).status_code
        == status
    )
    assert world.client("admin").post(
        f"/api/incidents/{world.incident}/acceptance", json=order(world, **changes)
    ).status_code in (status, 422)
    assert len(world.started) == before


@pytest.mark.parametrize("name", ["fr.charging__office%00", "%00", "a%0d%0ab", "%E2%80%AE", "%ff"])
def test_a_name_that_none_can_have_never_reaches_airflows_database(world: Any, name: str) -> None:
    for path in (f"/datasets/{name}", f"/api/datasets/{name}", f"/api/datasets/{NAME}/runs/{name}", f"/atlas/{name}"):
        # a line break is part of no route's path: there is nothing to log in to
        refused = {401, 404} if "%0a" in path else {401}
        assert world.client(logged_in=False).get(path).status_code in refused, path
        assert world.client("admin").get(path).status_code in (404, 422), path


@pytest.mark.parametrize("logged_in", [True, False])
def test_every_answer_binds_the_browser(world: Any, logged_in: bool) -> None:
    client = world.client("admin", logged_in=logged_in)
    for path in (
        "/datasets",
        "/api/datasets",
        "/api/incidents/none",
        "/api/openapi.json",
        "/atlas/",
        "/none",
        "/",
        "/datasets/%00",
    ):
        headers = client.get(path).headers
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store"), path
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors" in headers["content-security-policy"], path


@pytest.mark.parametrize(
    "body", ["a=b&" * 30, "batch=%00&gates=volume&reason=abcdef", "gates=" + "&gates=" * 19, "\xff=\xfe"]
)
def test_a_form_that_is_none_is_refused(world: Any, body: str) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = world.client("op").post(
        f"/incidents/{world.incident}/accept", content=body.encode("latin-1"), headers=kind
    )
    assert answer.status_code == 422


def test_a_reason_with_hidden_characters_starts_nothing(world: Any) -> None:
    held = world.client("op").get(f"/api/incidents/{world.incident}").json()["held"]
    before = len(world.started)
    for reason in ("it is\x1b[2J meant so", "it is \u202emeant so"):
        order = {"batch": held["batch"], "gates": held["gates"], "reason": reason}
        answer = world.client("op").post(f"/api/incidents/{world.incident}/acceptance", json=order)
        assert answer.status_code == 422
    assert len(world.started) == before
    order = {"batch": held["batch"], "gates": held["gates"], "reason": "it is\nmeant so"}
    assert world.client("op").post(f"/api/incidents/{world.incident}/acceptance", json=order).status_code == 201
    assert world.started[-1]["conf"]["accept"]["reason"] == "it is meant so"
