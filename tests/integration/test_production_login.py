"""FAB, the production log-in, on a real Airflow: what viewer, engineer, steward, admin and nobody may."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from guarded_airflow import HELD, NAME, SOUND, Guarded, make_roles

from euregio.storage.layer import open_layer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]
WHO = (None, "vera", "emil", "stella", "admin")
#: What is asked, and what nobody, viewer, engineer, steward, admin are answered. A body that is none is refused after the right (422).
RIGHTS: dict[str, tuple[str, Any, tuple[int, ...]]] = {
    "/euregio/datasets": ("GET", None, (401, 200, 200, 200, 200)),
    f"/euregio/datasets/{NAME}": ("GET", None, (401, 200, 200, 200, 200)),
    "/euregio/incidents": ("GET", None, (401, 200, 200, 200, 200)),
    "/euregio/layer": ("GET", None, (401, 200, 200, 200, 200)),
    "/euregio/atlas/": ("GET", None, (401, 200, 200, 200, 200)),
    "/euregio/api/datasets": ("GET", None, (401, 200, 200, 200, 200)),
    f"/euregio/api/datasets/{NAME}": ("GET", None, (401, 200, 200, 200, 200)),
    "/euregio/api/layer": ("GET", None, (401, 200, 200, 200, 200)),
    "/euregio/api/openapi.json": ("GET", None, (401, 200, 200, 200, 200)),
    f"/api/v2/dags/{NAME}/dagRuns?limit=1": ("GET", None, (401, 200, 200, 200, 200)),
    f"/api/v2/dags/{NAME}/dagRuns": ("POST", {"conf": "none"}, (401, 403, 422, 422, 422)),
    f"/api/v2/dags/{NAME}/clearTaskInstances": ("POST", {"dry_run": True}, (401, 403, 200, 403, 200)),
    f"/api/v2/dags/{NAME}": ("PATCH", {"is_paused": False}, (401, 403, 200, 200, 200)),
    "/api/v2/dags/no_such_dag": ("DELETE", None, (401, 403, 403, 403, 404)),
    f"/api/v2/dags/{NAME}/dagRuns/none": ("DELETE", None, (401, 403, 403, 403, 404)),
    "/api/v2/connections": ("GET", None, (401, 403, 403, 403, 200)),
    "/api/v2/variables": ("GET", None, (401, 403, 403, 403, 200)),
    "/api/v2/pools": ("POST", {"name": "none"}, (401, 403, 403, 403, 422)),
    "/auth/fab/v1/users": ("GET", None, (401, 403, 403, 403, 200)),
    "/auth/fab/v1/roles": ("POST", {"name": "mine", "actions": "none"}, (401, 403, 403, 403, 422)),
}


def incident(up: Guarded, kind: str = "volume_anomaly") -> dict[str, Any]:
    with up.client("vera") as client:
        found = client.get("/euregio/api/incidents").json()
        one = next(each for each in [*found["open"], *found["closed"]] if each["kind"] == kind)
        return client.get(f"/euregio/api/incidents/{one['incident_id']}").json()


@pytest.mark.parametrize("path", RIGHTS)
def test_a_role_may_what_is_declared_and_no_more(guarded: Guarded, path: str) -> None:
    method, body, expected = RIGHTS[path]
    found = []
    for who in WHO:
        with guarded.client(who) as client:
            found.append(client.request(method, path, json=body).status_code)
    assert tuple(found) == expected


def test_nobody_makes_themselves_more(guarded: Guarded) -> None:
    body = {"username": "mallory", "email": "m@example.org", "first_name": "m", "last_name": "m", "roles": [{"name": "Admin"}],
            "password": "mallory mallory"}  # fmt: skip
    for who in ("vera", "emil", "stella"):
        with guarded.client(who) as client:
            assert client.post("/auth/fab/v1/users", json=body).status_code == 403
            assert client.patch(f"/auth/fab/v1/users/{who}", json={"roles": [{"name": "Admin"}]}).status_code == 403
            assert client.patch("/auth/fab/v1/roles/Viewer", json={"name": "Viewer", "actions": []}).status_code == 403
    wrong = httpx.post(
        f"{guarded.installation.address}/auth/token", json={"username": "admin", "password": "guessed"}, trust_env=False
    )
    assert wrong.status_code == 401
    with httpx.Client(base_url=guarded.installation.address, trust_env=False) as client:
        for token in ("none", guarded.tokens["admin"][:-4] + "AAAA"):
            answer = client.get("/euregio/api/datasets", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in (401, 403), token


def test_rows_that_were_kept_back_are_shown_to_those_who_may(guarded: Guarded) -> None:
    shown = {}
    for who in WHO[1:]:
        with guarded.client(who) as client:
            shown[who] = client.get(f"/euregio/api/datasets/{NAME}").json()["kept"][0]
    assert {who: bool(kept["rows"]) for who, kept in shown.items()} == {
        "vera": False, "emil": True, "stella": True, "admin": True
    }  # fmt: skip
    assert all(kept["records"] for kept in shown.values()), "numbers of records are for all"


def test_a_held_batch_is_accepted_by_a_steward_only(guarded: Guarded) -> None:
    facts = incident(guarded)
    number, held = facts["line"]["incident_id"], facts["held"]
    order = {"batch": held["batch"], "gates": held["gates"], "reason": "the publisher closed its test points"}
    for who, status in ((None, 401), ("vera", 403), ("emil", 403)):
        with guarded.client(who) as client:
            assert client.post(f"/euregio/api/incidents/{number}/acceptance", json=order).status_code == status
            if who:
                assert "<form" not in client.get(f"/euregio/incidents/{number}").text
    # an engineer may start runs with any conf: a word that the pages did not take releases nothing
    forged = guarded.trigger("emil", HELD, {"period": HELD, "accept": order})
    assert guarded.ended(forged) == "failed"
    assert "not one that the pages took" in guarded.airflow.error_of(NAME, forged, "extract", 1)

    with guarded.client("stella") as client:
        assert "<form" in client.get(f"/euregio/incidents/{number}").text
        answer = client.post(f"/euregio/api/incidents/{number}/acceptance", json=order)
    assert (answer.status_code, answer.json()["person"]) == (201, "stella"), answer.text
    run_id = answer.json()["run_id"]
    assert guarded.ended(run_id) == "success"
    run = guarded.airflow._ask("GET", f"/dags/{NAME}/dagRuns/{run_id}")
    assert run["triggering_user_name"] == "stella"
    # her sealed word, taken from her run, is nobody else's and of no other run
    again = guarded.trigger("emil", HELD, run["conf"])
    assert guarded.ended(again) == "failed"
    with open_layer(guarded.settings) as con:
        said = con.execute("SELECT DISTINCT period, person, reason, run_id FROM quality.acceptance").fetchall()
    assert said == [(HELD, "stella", order["reason"], run_id)]
    events = guarded.airflow._ask("GET", "/eventLogs", params={"dag_id": NAME, "owner": "stella", "limit": 100})
    assert events["total_entries"] >= 1, "Airflow's audit log names her"


def test_a_browser_logs_in_by_the_form_and_its_cookie_is_guarded(guarded: Guarded) -> None:
    with httpx.Client(
        base_url=guarded.installation.address, trust_env=False, timeout=60, follow_redirects=False
    ) as browser:
        form = browser.get("/auth/login/")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
        assert token, "the form is guarded against other sites' pages"
        given = {"username": "stella", "password": guarded.passwords["stella"]}
        assert browser.post("/auth/login/", data=given).status_code == 400, "without the token of the form"
        answer = browser.post("/auth/login/", data={**given, "csrf_token": token[1]})
        assert answer.status_code == 302, answer.text
        cookies = [text.lower() for text in answer.headers.get_list("set-cookie") if not text.startswith("remember")]
        assert {text.split("=", 1)[0] for text in cookies} >= {"session", "_token"}
        assert all("httponly" in text and "samesite=lax" in text for text in cookies), cookies
        assert browser.get("/euregio/api/datasets").status_code == 200
        # with the cookie alone, another site's page changes nothing
        number = incident(guarded)["line"]["incident_id"]
        order = {"batch": "ab" * 10, "gates": ["volume"], "reason": "another site asks"}
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
            answer = browser.post(f"/euregio/api/incidents/{number}/acceptance", json=order, headers=headers)
            assert answer.status_code == 403, headers
        own = browser.post(
            f"/euregio/api/incidents/{number}/acceptance", json=order, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert own.status_code == 409, "the right is there; that batch is not"


def test_the_roles_are_made_as_declared_again_and_again(guarded: Guarded) -> None:
    again = make_roles(guarded.installation, "--admin", "admin")
    assert (again.returncode, _said(again.stdout)) == (0, ["The roles are as declared."]), again.stderr[-1000:]
    with guarded.client("admin") as client:
        before = client.get("/auth/fab/v1/roles/Engineer").json()
        actions = [*before["actions"], {"action": {"name": "can_edit"}, "resource": {"name": "Euregio Acceptance"}}]
        changed = client.patch("/auth/fab/v1/roles/Engineer", json={"name": "Engineer", "actions": actions})
        assert changed.status_code == 200, changed.text
    mended = make_roles(guarded.installation)
    assert _said(mended.stdout) == ["Engineer: - can_edit on Euregio Acceptance"]


def _said(output: str) -> list[str]:
    """Lines of a command without Airflow's own log."""
    return [line for line in output.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]


@pytest.mark.parametrize(
    "path", ["/euregio/datasets", f"/euregio/datasets/{NAME}", "/euregio/layer", "/euregio/api/datasets"]
)
def test_answers_bring_headers_that_bind_the_browser(guarded: Guarded, path: str) -> None:
    with guarded.client("vera") as client:
        headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    if "/api/" not in path:
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../..",
        "..%2f..%2f",
        "%2e%2e",
        "fr.charging__office%00",
        "....//",
        "~",
        "*",
        "fr.charging__office/../../x",
    ],
)
def test_a_name_of_a_dataset_or_run_is_no_path(guarded: Guarded, name: str) -> None:
    with guarded.client("admin") as client:
        for place in (f"/euregio/api/datasets/{name}", f"/euregio/api/datasets/{NAME}/runs/{name}", f"/euregio/atlas/{name}",
                      f"/euregio/atlas/{name}{name}etc/passwd"):  # fmt: skip
            answer = client.get(place)
            assert answer.status_code in (200, 307, 400, 403, 404, 422), place
            assert "root:" not in answer.text
            assert str(guarded.root) not in answer.text


def test_sound_days_were_released(guarded: Guarded) -> None:
    with open_layer(guarded.settings) as con:
        released = con.execute("SELECT DISTINCT period FROM catalogue.release ORDER BY 1").fetchall()
    assert [period for (period,) in released][:2] == list(SOUND)
