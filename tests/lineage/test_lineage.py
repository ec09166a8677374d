"""Lineage events tell a run as the layer has it, are valid, hold no secret, and never cost a run more than their time."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from openlineage_schemas import OURS, Schemas

from office import DATASET, NAME, Office, register
from sinks_of_watchers import HttpSink

pytest.importorskip("openlineage.client", reason="openlineage-python is not there (requirements-production.lock)")

from euregio import pipeline
from euregio.declarations import datasets
from euregio.declarations.tables import load_table
from euregio.lineage import facets, send
from euregio.orchestration import observed

DAY = "2026-11-20"


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch):
    with HttpSink() as up:
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", up.url)
        yield up


def _declare(office: Office, change: Callable[[str], str]) -> None:
    """Declare the dataset otherwise."""
    (office.folder / "fr" / "charging__office.yaml").write_text(change(DATASET))
    datasets.load_dataset.cache_clear()


def _run(office: Office, points: range = range(200), day: str = DAY) -> dict:
    """A run as the tasks do it, with its begin and its end told; every fifth point lacks its power."""
    one = datasets.dataset(NAME)
    observed.began(NAME, day, one)
    office.lay(
        day,
        register(points, lambda line: line.replace(",22,", ",-5,") if int(line[9:].split(",")[0]) % 5 == 0 else line),
    )
    batch = pipeline.run(NAME, day, run_id="r1", settings=office.settings).to_json()
    observed.ended(one, batch)
    return batch


@pytest.mark.usefixtures("task")
def test_a_run_tells_its_begin_and_its_end_with_what_the_layer_holds(office: Office, sink: HttpSink) -> None:
    _declare(office, lambda text: text.replace("operator, ", ""))
    batch = _run(office)
    begin, end = sink.events
    assert (begin["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert begin["run"]["runId"] == end["run"]["runId"]
    assert begin["job"] == end["job"]
    assert (end["job"]["namespace"], end["job"]["name"]) == ("euregio", f"euregio.{NAME}")
    assert end["job"]["facets"]["documentation"]["description"] == "Register of a test, Office"
    run = end["run"]["facets"]["euregio_run"]
    assert (run["period"], run["batch"], run["snapshot"]) == (DAY, batch["batch_id"], batch["snapshot_id"])
    assert run["unchanged"] is False
    assert [one["inputFacets"]["inputStatistics"]["rowCount"] for one in end["inputs"]] == [200]
    (file,) = office.folder.glob(f"{DAY}.csv")
    assert end["inputs"][0]["inputFacets"]["inputStatistics"]["size"] == file.stat().st_size
    outputs = {one["name"].rpartition("/core/")[2]: one for one in end["outputs"]}
    for table, output in outputs.items():
        rows = office.ask(f"SELECT count(*) FROM core.{table} WHERE _dataset = '{NAME}' AND _period = '{DAY}'")[0][0]
        assert output["outputFacets"]["outputStatistics"]["rowCount"] == rows, table
        columns = office.ask(
            f"SELECT column_name FROM duckdb_columns() WHERE database_name = 'lake' AND table_name = '{table}'"
        )
        assert {field["name"] for field in output["facets"]["schema"]["fields"]} == {name for (name,) in columns}
        assert Path(output["name"]).is_dir() or rows < 100, "a table is called by the place of its files"
    assert outputs["recharging_point"]["outputFacets"]["outputStatistics"]["rowCount"] > 100
    assert set(outputs) == {"recharging_point", "recharging_station", "recharging_site", "connector"}
    verdicts = outputs["recharging_point"]["outputFacets"]["euregio_verdicts"]
    assert verdicts["rowsIn"] == verdicts["admitted"] + verdicts["corrected"] + verdicts["quarantined"] == 200
    assert {name: verdicts[name] for name in ("admitted", "corrected", "quarantined")} == {
        name: batch[name] for name in ("admitted", "corrected", "quarantined")
    }
    known = office.ask(
        f"SELECT reason, sum(rows_count) FROM quality.verdict WHERE dataset = '{NAME}' AND reason <> '' GROUP BY ALL ORDER BY ALL"
    )
    assert [(one["reason"], one["rows"]) for one in verdicts["reasons"]] == known
    assert known, "the test has rows that are kept back"
    policy = outputs["recharging_point"]["facets"]["euregio_policy"]
    assert (policy["accessClass"], policy["licence"], policy["publisher"]) == ("open", "CC-BY-4.0", "Office")
    assert "latitude_deg" in policy["columnsCrossed"]
    assert "operator_name" in policy["columnsWithheld"]
    columns = [column.name for column in load_table("recharging_point").columns]
    assert sorted(policy["columnsCrossed"] + policy["columnsWithheld"]) == sorted(columns)


@pytest.mark.usefixtures("task")
def test_what_may_not_cross_is_told_with_its_barrier_and_no_columns(office: Office, sink: HttpSink) -> None:
    _declare(office, lambda text: text.replace("licence: {id: CC-BY-4.0}\n", ""))
    _run(office)
    for output in sink.events[-1]["outputs"]:
        policy = output["facets"]["euregio_policy"]
        assert policy["barrier"] == "no licence is declared"
        assert not policy.get("columnsCrossed")
        assert output["outputFacets"]["outputStatistics"]["rowCount"] == 0
        assert "licence" not in policy


@pytest.mark.usefixtures("task")
def test_unchanged_bytes_are_told_as_such_and_feed_nothing(office: Office, sink: HttpSink) -> None:
    _run(office)
    batch = pipeline.run(NAME, DAY, run_id="r2", settings=office.settings)
    assert batch.unchanged
    observed.ended(datasets.dataset(NAME), batch.to_json())
    last = sink.events[-1]
    assert (last["eventType"], last["outputs"], last["run"]["facets"]["euregio_run"]["unchanged"]) == (
        "COMPLETE",
        [],
        True,
    )


def test_a_later_try_is_no_second_start(task, sink: HttpSink) -> None:
    observed.began(NAME, DAY, datasets.dataset(NAME))
    task.context["ti"].try_number = 2
    observed.began(NAME, DAY, datasets.dataset(NAME))
    assert [event["eventType"] for event in sink.events] == ["START", "RUNNING"]
    assert len({event["run"]["runId"] for event in sink.events}) == 1


@pytest.mark.usefixtures("task")
def test_a_failed_run_says_why_with_counts_and_a_killed_one_is_aborted(sink: HttpSink) -> None:
    problem = {
        "kind": "rule_failed",
        "what": "a critical rule fails",
        "where": f"{NAME} {DAY}",
        "found": "a publisher's words",
        "step": "check",
        "reasons": {"no_ids": 7},
    }
    observed.failed(NAME, "r1", DAY, problem)
    observed.failed(
        "indicators.charging", "r2", DAY, {"kind": "task_died", "what": "the task's process ended without a word"}
    )
    failed, aborted = sink.events
    assert failed["eventType"] == "FAIL"
    assert failed["run"]["facets"]["errorMessage"]["message"] == f"{NAME} {DAY}: a critical rule fails"
    told = failed["run"]["facets"]["euregio_problem"]
    assert (told["kind"], told["step"], told["reasons"]) == ("rule_failed", "check", [{"reason": "no_ids", "rows": 7}])
    assert "a publisher's words" not in json.dumps(failed)
    assert failed["inputs"]
    assert (aborted["eventType"], aborted["job"]["name"]) == ("ABORT", "euregio.indicators.charging")


@pytest.mark.usefixtures("task")
def test_a_use_case_reads_the_tables_that_datasets_write(office: Office, sink: HttpSink) -> None:
    _run(office)
    observed.began("indicators.charging", DAY)
    observed.published("indicators.charging", "charging", [{"period": DAY, "values": 40, "withheld": 12}])
    begin, end = sink.events[-2:]
    assert begin["eventType"] == "START"
    names = {one["name"] for one in end["inputs"]}
    assert {one["name"] for one in sink.events[1]["outputs"] if one["name"].endswith("recharging_point")} <= names
    assert end["outputs"][0]["name"].endswith("/indicators/value")
    assert end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 40
    assert end["run"]["facets"]["euregio_run"]["withheldValues"] == 12


@pytest.mark.usefixtures("task")
def test_every_event_and_facet_is_what_its_schema_says(office: Office, sink: HttpSink) -> None:
    schemas = Schemas()
    _run(office)
    observed.published("indicators.charging", "charging", [{"period": "latest", "values": 40, "withheld": 12}])
    observed.failed(NAME, "r9", DAY, {"kind": "rule_failed", "what": "x", "reasons": {"no_ids": 7}})
    assert len(sink.events) == 4
    for event in sink.events:
        schemas.hold(event)
    broken = json.loads(json.dumps(sink.events[1]))
    for output in broken["outputs"]:
        output["outputFacets"].get("euregio_verdicts", {})["rowsIn"] = "many"
    with pytest.raises(AssertionError):  # the check can fail
        schemas.hold(broken)


def test_our_facets_have_a_schema_of_their_name_that_is_one() -> None:
    from jsonschema import Draft202012Validator

    named = {name for name in vars(facets) if name.startswith("Euregio")}
    assert {path.stem for path in OURS.glob("*.json")} == named
    for path in OURS.glob("*.json"):
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == facets.schema_name(path.stem).partition("#")[0]
        declared = schema["$defs"][path.stem]["allOf"][1]["properties"]
        own = {one.name for one in getattr(facets, path.stem).__attrs_attrs__ if not one.name.startswith("_")}
        assert set(declared) == own, path.stem


def test_a_dag_that_moves_no_data_tells_nothing(sink: HttpSink) -> None:
    observed.failed("maintain", "r3", None, {"kind": "task_died", "what": "x"})
    assert sink.events == []


def test_addresses_are_told_without_what_follows_their_path(monkeypatch: pytest.MonkeyPatch) -> None:
    from euregio.lineage.events import publisher
    from euregio.settings import Settings

    monkeypatch.setenv("ECO_MOVEMENT_TOKEN", "geheim")
    one = datasets.load_dataset(datasets.FOLDER / "be" / "charging__eco_movement.yaml")
    (place,) = publisher(one, DAY, Settings(profile="live"))
    assert (place.namespace, place.name) == ("https://api.eco-movement.com", "/api/nap/datexii/locations")


@pytest.mark.usefixtures("task")
def test_events_go_to_a_file_as_well(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(office.folder / "events.jsonl"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    observed.began(NAME, DAY, datasets.dataset(NAME))
    observed.failed(NAME, "r1", DAY, {"kind": "task_died", "what": "x"})
    lines = (office.folder / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["eventType"] for line in lines] == ["START", "ABORT"]


@pytest.mark.usefixtures("task")
def test_nothing_is_told_where_nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send.threading, "Thread", None)  # any event would need it
    assert not send.configured()
    observed.began(NAME, DAY, datasets.dataset(NAME))
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert not send.configured()


@pytest.mark.usefixtures("task")
@pytest.mark.parametrize("how", ["nobody listens", "it never answers", "it refuses"])
def test_a_server_that_is_away_costs_a_run_seconds_and_not_its_end(
    how: str, sink: HttpSink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(send, "WAIT_SECONDS", 1.0)
    if how == "nobody listens":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", f"http://token@127.0.0.1:{probe.getsockname()[1]}")
    sink.seconds, sink.status = (30, 200) if how == "it never answers" else (0, 403)
    before = time.monotonic()
    assert not send.tell(
        lambda: pytest.importorskip("euregio.lineage.events").started(observed._told(NAME, "r1", DAY)(), None, None)
    )
    assert time.monotonic() - before < 5
    assert "a lineage event was not sent" in caplog.text
    assert "token" not in caplog.text


@pytest.mark.usefixtures("task", "sink")
def test_an_error_of_its_own_never_fails_a_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(observed, "_settings", lambda: 1 / 0)
    observed.ended(
        datasets.dataset(NAME),
        {"dataset": NAME, "files": [], "period": DAY, "run_id": "r", "batch_id": "b", "retrieved_at": ""},
    )
    assert "could not be told" in caplog.text
