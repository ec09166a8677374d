"""The engineer's pages within a real Airflow: log in, walk them all, accept a batch that a gate holds, see it recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from operated_layer import NAME, project

from euregio.declarations.datasets import load_dataset
from euregio.orchestration.installation import Installation
from euregio.orchestration.pools import pools
from euregio.orchestration.rest import Airflow
from euregio.orchestration.services import Services
from euregio.settings import PROJECT, Settings
from own_settings import forget_settings
from provider_metadata import write_metadata

PAGES = Path(__file__).parents[1] / "pages"
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
USERS = {"admin": "admin", "anna": "op", "vera": "viewer"}
PASSWORD = "walk the pages"


@dataclass
class Up:
    """An Airflow that is up, its one incident, and how to log in."""

    address: str
    incident: str
    airflow: Airflow
    settings: Settings
    log_in: Callable[..., Any]
    heard: list[str]


@pytest.fixture(scope="module", autouse=True)
def own_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        yield


@pytest.fixture(scope="module")
def up(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    root = tmp_path_factory.mktemp("engineer")
    place = project(root)
    settings = Settings(home=root / "home", profile="trial")
    installation = Installation("trial", settings)
    installation.extra = {
        "EUREGIO_PROJECT": str(place), "EUREGIO_TASK_RETRIES": "1", "EUREGIO_WATCH_MINUTES": "0",
        "AIRFLOW__CORE__DAGS_FOLDER": str(place / "dags"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # the package as it is here, with its entry point: what is installed may be older
        "PYTHONPATH": os.pathsep.join([str(write_metadata(root)), os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip
    installation.home.mkdir(parents=True)
    installation.password_file.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    installation.prepare()
    with Services(root / "logs") as services:
        services.start_airflow(["api-server", "scheduler", "dag-processor"], installation.environment)
        filled = subprocess.run(
            [sys.executable, str(PAGES / "operated_layer.py")],
            env=installation.environment | {"PYTHONPATH": os.pathsep.join([str(PAGES.parent), str(PROJECT / "plugins")])},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert filled.returncode == 0, filled.stderr[-2000:]
        airflow = Airflow(installation)
        services.wait_until(lambda: airflow.healthy("scheduler", "dag_processor"), "Airflow", 400)
        airflow.log_in()
        dataset = load_dataset(place / "include/datasets/fr/charging__office.yaml")
        airflow.put_pools(pools([dataset], settings.layer_catalogue))
        services.wait_until(lambda: NAME in airflow.dags(), "the DAG", 300)
        airflow.pause(NAME, False)
        heard: list[str] = []
        contexts: list[Any] = []

        def log_in(name: str, width: int = 1400) -> Any:
            context = chromium.new_context(viewport={"width": width, "height": 900})
            contexts.append(context)
            page = context.new_page()
            page.set_default_timeout(90_000)
            page.goto(f"{installation.address}/auth/login")
            page.locator("input[name=username]").fill(name)
            page.locator("input[name=password]").fill(PASSWORD)
            page.locator("input[name=password]").press("Enter")
            page.wait_for_url(lambda url: "/auth/login" not in url)
            page.on(
                "console",
                lambda one: (
                    heard.append(one.text) if one.type in ("error", "warning") and "/euregio/" in page.url else None
                ),
            )
            page.on("pageerror", lambda error: heard.append(str(error)))
            page.on(
                "request",
                lambda one: None if one.url.startswith((installation.address, "data:")) else heard.append(one.url),
            )
            return page

        yield Up(installation.address, filled.stdout.split()[-1], airflow, settings, log_in, heard)
        for context in contexts:
            context.close()


def shot(page: Any, name: str) -> None:
    """A picture for people, where EUREGIO_SCREENSHOTS names a folder."""
    if folder := os.environ.get("EUREGIO_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def paths(up: Up) -> dict[str, str]:
    return {
        "datasets": "/datasets", "dataset": f"/datasets/{NAME}", "run": f"/datasets/{NAME}/runs/run-2", "layer": "/layer",
        "incidents": "/incidents", "incident": f"/incidents/{up.incident}?language=en", "atlas": "/atlas/",
    }  # fmt: skip


@pytest.mark.parametrize("width", [1400, 360])
def test_all_pages_open_fit_and_complain_of_nothing(up: Up, width: int) -> None:
    page = up.log_in("anna", width)
    for name, path in paths(up).items():
        assert page.goto(f"{up.address}/euregio{path}").status == 200
        assert page.locator("h1").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        assert page.evaluate("window.alert.toString().includes('native code') && !document.querySelector('img')")
        shot(page, f"{name}-{width}")
    assert up.heard == []


def test_without_a_log_in_nothing_is_shown_and_a_viewer_changes_nothing(up: Up) -> None:
    for path in (*paths(up).values(), "/api/datasets", "/api/openapi.json"):
        assert httpx.get(f"{up.address}/euregio{path}", trust_env=False).status_code == 401, path
    page = up.log_in("vera")
    page.goto(f"{up.address}/euregio/incidents/{up.incident}")
    assert page.locator("form").count() == 0
    api = f"{up.address}/euregio/api/incidents/{up.incident}"
    held = page.request.get(api).json()["held"]
    given = {"batch": held["batch"], "gates": held["gates"], "reason": "I would like to"}
    for origin, name in ((up.address, "vera"), ("https://evil.example", "anna")):
        other = up.log_in(name)
        assert other.request.post(f"{api}/acceptance", data=given, headers={"Origin": origin}).status == 403, name
    assert up.airflow.last_run(NAME) is None
    # and the page's own policy lets no script ask anything
    assert page.evaluate("() => fetch('/euregio/api/datasets').then(() => 'asked', () => 'refused')") == "refused"
    up.heard.clear()


def test_the_pages_are_in_airflows_frame_and_lead_out_of_it(up: Up) -> None:
    page = up.log_in("anna")
    page.goto(f"{up.address}/plugin/datasets")
    frame = page.frame_locator("iframe").first
    frame.get_by_role("link", name="Register", exact=False).first.click()
    frame.locator("h2", has_text="Kept back").wait_for()
    shot(page, "in-airflow")
    frame.get_by_role("link", name="its DAG in Airflow").click()
    page.wait_for_url(f"**/dags/{NAME}")
    up.heard.clear()  # Airflow's own page may complain


def test_a_batch_is_accepted_with_the_keyboard_and_recorded_under_the_log_in(up: Up) -> None:
    page = up.log_in("anna")
    page.goto(f"{up.address}/euregio/incidents/{up.incident}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "reason":
            break
    page.keyboard.type("the operator has left, see its notice")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    page.get_by_text("The batch is accepted").wait_for()
    shot(page, "accepted")
    run_id = page.get_by_role("link", name="Report of the run").get_attribute("href").rsplit("/", 1)[1]
    end = time.monotonic() + 420
    while (run := up.airflow.last_run(NAME) or {}).get("state") not in ("success", "failed") and time.monotonic() < end:
        time.sleep(2)
    assert (run["state"], run["triggering_user_name"], run["partition_key"]) == ("success", "anna", "FR|2026-11-22")
    page.goto(f"{up.address}/euregio/incidents/{up.incident}")
    assert "It is released" in page.locator("main").inner_text()
    recorded = page.locator("tr", has_text="the operator has left")
    assert recorded.locator("td").first.inner_text() == "anna"
    shot(page, "recorded")
    page.goto(f"{up.address}/euregio/datasets/{NAME}/runs/{run_id}")
    assert page.locator("tr", has_text="extract").first.is_visible()
    assert (
        "2026-11-21"
        in page.locator("tr", has_text="recharging_point").nth(1).inner_text() + page.locator("main").inner_text()
    )
    shot(page, "run-of-acceptance")
    links = up.airflow._ask("GET", f"/dags/{NAME}/dagRuns/{run['dag_run_id']}/taskInstances/extract/links")[
        "extra_links"
    ]
    assert links["Dataset"] == f"{up.address}/euregio/datasets/{NAME}"
    assert links["Run report"].startswith(f"{up.address}/euregio/datasets/{NAME}/runs/manual__")
    assert up.heard == []


def test_the_pages_are_tabs_of_a_dag_and_of_its_runs_and_assets_name_them(up: Up) -> None:
    """After the acceptance: its run is the one that is shown."""
    run = up.airflow.last_run(NAME) or {}
    page = up.log_in("anna")
    page.goto(f"{up.address}/dags/{NAME}")
    page.get_by_role("link", name="Dataset", exact=True).first.click()
    page.frame_locator("iframe").first.locator("h2", has_text="Kept back").wait_for()
    shot(page, "tab-of-a-dag")
    page.goto(f"{up.address}/dags/{NAME}/runs/{run['dag_run_id']}")
    page.get_by_role("link", name="Run report", exact=True).first.click()
    page.frame_locator("iframe").first.locator("h1", has_text="Run report").wait_for()
    shot(page, "tab-of-a-run")
    assets = up.airflow._ask("GET", "/assets")["assets"]
    points = next(one for one in assets if one["name"] == f"core.recharging_point/{NAME}")
    assert points["extra"]["page"] == f"/euregio/datasets/{NAME}"
    events = up.airflow._ask("GET", "/assets/events")["asset_events"]
    told = next(one for one in events if one["source_run_id"] == run["dag_run_id"] and one["asset_id"] == points["id"])
    for path in (points["extra"]["page"], told["extra"]["page"]):
        assert page.request.get(f"{up.address}{path}").status == 200
    page.goto(f"{up.address}/assets")
    assert page.get_by_role("link", name="Page of the dataset").count() == 0
    page.get_by_role("link", name=points["name"]).first.click()
    link = page.get_by_role("link", name="Page of the dataset")
    link.wait_for()
    shot(page, "asset")
    link.click()
    page.wait_for_url(f"**/euregio/datasets/{NAME}")
    up.heard.clear()


def test_what_the_run_took_is_on_its_report_and_on_its_datasets_page(up: Up) -> None:
    run = up.airflow.last_run(NAME) or {}
    page = up.log_in("vera")
    report = page.request.get(f"{up.address}/euregio/api/datasets/{NAME}/runs/{run['dag_run_id']}").json()
    steps = {one["task"]: one for one in report["steps"]}
    assert list(steps) == ["extract", "check", "harmonise", "release"]
    for step in steps.values():
        assert step["processor_s"] > 0
        assert 20e6 < step["peak_memory_bytes"] < 4e9
        assert step["duration_s"] > 0
    assert steps["harmonise"]["zone_bytes"] > 1000
    assert steps["extract"]["fetched_bytes"] == 0, "its bytes lay there"
    assert (steps["extract"]["layer_bytes"], steps["release"]["zone_bytes"]) == (None, None)
    assert steps["release"]["rows_count"] == report["releases"][0]["released_count"]
    assert (report["cost"], "No price is declared" in report["no_cost"]) == (None, True)
    listed = page.request.get(f"{up.address}/euregio/api/datasets/{NAME}").json()["runs"][0]
    assert listed["used"] == report["used"]
    page.goto(f"{up.address}/euregio/datasets/{NAME}/runs/{run['dag_run_id']}")
    assert page.locator("tfoot td").nth(4).inner_text().endswith("s")
    shot(page, "run-measured")


def connection(up: Up) -> dict[str, str]:
    """What the form asks of a layer in files."""
    folder = up.settings.home / "layer"
    return {"catalogue": f"sqlite:{folder / 'catalogue.sqlite'}", "data_path": str(folder / "data")}


def test_the_layers_connection_is_tested_over_airflows_api(up: Up) -> None:
    layer = connection(up)
    said = up.airflow._ask("POST", "/connections/test", json={"connection_id": "mine", "conn_type": "euregio_layer", "extra": json.dumps(layer)})  # fmt: skip
    assert said["status"], said
    assert "tables; the last snapshot is" in said["message"]
    wrong = {"connection_id": "mine", "conn_type": "euregio_layer", "host": "127.0.0.1", "port": 1, "login": "reader",
             "password": "not for eyes", "extra": json.dumps({"data_path": "s3://a/b", "s3_secret": "not either"})}  # fmt: skip
    said = up.airflow._ask("POST", "/connections/test", json=wrong)
    assert not said["status"]
    assert "Connection refused" in said["message"]
    assert not any(word in said["message"] for word in ("eyes", "either"))


def dialog_of(page: Any, button: str, field: str) -> Any:
    """The dialog that a button of Airflow's opens, with its field. A click while the page is still being drawn may be lost
    (seen on a busy machine): then it is clicked again, as a person would."""
    from playwright.sync_api import TimeoutError as NotThere

    form = page.get_by_role("dialog")
    for _ in range(6):
        if not form.is_visible():
            page.get_by_role("button", name=button).click()
        with suppress(NotThere):
            form.locator(field).wait_for(timeout=15_000)
            return form
    raise AssertionError(f"{button} opened no dialog with {field}: {page.content()[:2000]}")


def test_the_layers_connection_is_made_in_its_form_and_tested_by_its_button(up: Up) -> None:
    page = up.log_in("admin")
    page.goto(f"{up.address}/connections")
    form = dialog_of(page, "Add Connection", "input[name=connection_id]")
    form.locator("input[name=connection_id]").fill("the_layer")
    form.get_by_role("combobox").fill("Euregio layer")
    form.get_by_role("combobox").press("Enter")
    form.get_by_text("PostgreSQL server", exact=True).wait_for()
    shot(page, "connection-form-new")
    # without a port Airflow 3.3.2's button refuses to test what is stored (docs/how-to/layer.md)
    form.locator("input[name=port]").fill("5432")
    form.get_by_role("button", name="Extra Fields", exact=True).click()
    for name, value in connection(up).items():
        form.locator(f"#element_{name}").fill(value)
    assert form.locator("#element_s3_secret").get_attribute("type") == "password"
    shot(page, "connection-form")
    form.get_by_role("button", name="Save").click()
    for icon in ("datasets", "atlas"):
        drawn = f"document.querySelector('img[src$=\"{icon}.svg\"]').naturalWidth > 0"
        page.wait_for_function(drawn)
    row = page.get_by_role("row").filter(has_text="the_layer")
    row.get_by_role("button", name="Test Connection").click()
    page.get_by_text("Test Connection Successful").wait_for()
    assert page.get_by_text("It was opened to read only.").is_visible()
    shot(page, "connection-tested")
    up.heard.clear()
