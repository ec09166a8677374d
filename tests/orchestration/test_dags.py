"""The DAGs say what is declared: tasks, tags, pools, queues, partitions, news."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from euregio.declarations.service import Service
from euregio.orchestration import assets
from euregio.orchestration.dataset_dags import dataset_dag
from euregio.orchestration.indicator_dags import indicator_dag
from euregio.orchestration.pools import pools
from euregio.orchestration.rest import error_line
from euregio.orchestration.timetable import PartitionTimetable, partition_timetable


def declared(id_: str = "nl.charging__dot_nl", rhythm: str = "P1D", host: str = "data.example", slots: int = 4):
    country = id_[:2]
    return SimpleNamespace(
        id=id_, country=country, country_code=None if country == "eu" else country.upper(), theme="charging", rhythm=rhythm,
        title="Register", publisher="Office", doc="**Register**", host=host, format="ocpi-locations",
        access="open", source=SimpleNamespace(max_concurrent=slots), service=Service(),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def tables(monkeypatch):
    monkeypatch.setattr(assets, "_tables_of_format", lambda _: ("recharging_point", "connector"))


@pytest.fixture
def reads_points(monkeypatch):
    monkeypatch.setattr("euregio.orchestration.indicator_dags.tables_read", lambda _: frozenset({"recharging_point"}))


def test_a_dataset_has_the_four_tasks_in_a_row() -> None:
    dag = dataset_dag(declared())
    assert [task.task_id for task in dag.topological_sort()] == ["extract", "check", "harmonise", "release"]
    assert all(len(task.upstream_list) <= 1 for task in dag.tasks)
    assert dag.tags == {"nl", "charging", "open"}
    assert dag.doc_md == "**Register**"


def test_tasks_wait_in_their_countrys_queue_and_at_the_publishers_host() -> None:
    dag = dataset_dag(declared())
    assert {task.queue for task in dag.tasks} == {"nl"}
    assert {task.task_id: task.pool for task in dag.tasks} == {
        "extract": "host.data.example", "check": "default_pool", "harmonise": "default_pool", "release": "layer",
    }  # fmt: skip


def test_release_gives_news_of_each_table() -> None:
    (release,) = (task for task in dataset_dag(declared()).tasks if task.task_id == "release")
    assert [asset.name for asset in release.outlets] == [
        "core.recharging_point/nl.charging__dot_nl", "core.connector/nl.charging__dot_nl",
    ]  # fmt: skip


def test_partitions_of_a_range_are_country_and_period() -> None:
    timetable = dataset_dag(declared()).timetable
    days = timetable.iter_partition_dagrun_infos(
        earliest=datetime(2026, 11, 18, tzinfo=UTC), latest=datetime(2026, 11, 20, tzinfo=UTC)
    )
    assert [day.partition_key for day in days] == ["NL|2026-11-18", "NL|2026-11-19", "NL|2026-11-20"]
    assert timetable.resolve_partition_date("NL|2026-11-20") == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 2, 12])
def test_a_dag_that_is_switched_on_waits_for_its_next_time(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    now = datetime(2026, 11, 22, hour, 1, tzinfo=UTC)
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: now)
    timetable = partition_timetable("0 0 * * *", "NL|%Y-%m-%d")
    timetable = PartitionTimetable.deserialize(json.loads(json.dumps(timetable.serialize())))
    restriction = TimeRestriction(earliest=None, latest=None, catchup=False)
    first = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert first.run_after == datetime(2026, 11, 23, tzinfo=UTC)


def test_the_id_of_a_scheduled_run_is_one_that_airflow_accepts() -> None:
    import re

    from airflow.configuration import conf
    from airflow.utils.types import DagRunType

    timetable = PartitionTimetable("0 0 * * *", timezone="UTC", key_format="NL|%Y-%m-%d")
    run_id = timetable.generate_run_id(
        run_type=DagRunType.SCHEDULED,
        run_after=datetime(2026, 11, 20, tzinfo=UTC),
        data_interval=None,
        partition_key="NL|2026-11-20",
    )
    assert re.fullmatch(conf.get("scheduler", "allowed_run_id_pattern"), run_id)
    assert "NL_2026-11-20" in run_id


@pytest.mark.usefixtures("reads_points")
@pytest.mark.parametrize(
    ("rhythm", "key", "day"),
    [
        ("P1D", "NL|2026-11-20", "EU|2026-11-20"),
        ("PT5M", "CH|2026-11-20T10:05Z", "EU|2026-11-20"),
        ("P1M", "DE|2026-11", "EU|latest"),
        ("P1Y", "EU|2024", "EU|latest"),
    ],
)
def test_news_concern_the_indicators_of_their_day(rhythm: str, key: str, day: str) -> None:
    dag = indicator_dag("charging", [declared(rhythm=rhythm)])
    mapper = coerce_to_core_timetable(dag.timetable).get_partition_mapper(
        name="core.recharging_point/nl.charging__dot_nl"
    )
    assert mapper.to_downstream(key) == day


@pytest.mark.usefixtures("reads_points")
def test_any_news_of_a_table_that_it_reads_starts_a_use_case() -> None:
    dag = indicator_dag("charging", [declared(), declared("de.charging__bnetza", "P1M")])
    assert [task.task_id for task in dag.topological_sort()] == ["compute", "check", "publish"]
    condition = coerce_to_core_timetable(dag.timetable).asset_condition
    names = {key.name for key, _ in condition.iter_assets()}
    assert names == {"core.recharging_point/nl.charging__dot_nl", "core.recharging_point/de.charging__bnetza"}
    assert type(condition).__name__ == "SerializedAssetAny"


def test_the_tables_of_a_use_case_are_those_its_indicators_declare(tmp_path) -> None:
    folder = tmp_path / "charging"
    folder.mkdir()
    header = "/*---\nid: a\ndefinition: as in core.tariff\ninputs: [core.published_recharging_point, core.status_observation]\n---*/\n"
    (folder / "a.sql").write_text(header + "SELECT 1 -- core.connector")
    (folder / "b.sql").write_text("/*---\ninputs:\n  - core.current_nuts_region\n---*/\nSELECT 1")
    (tmp_path / "prelude.sql").write_text("SELECT 1")
    assert assets.tables_read("charging", tmp_path) == {"recharging_point", "status_observation", "nuts_region"}
    assert assets.use_cases(tmp_path) == ["charging"]


def test_the_indicators_of_this_project_hear_of_every_table_they_read() -> None:
    assert {"recharging_point", "nuts_region"} <= assets.tables_read("charging")


def test_a_host_admits_what_its_strictest_dataset_declares() -> None:
    found = pools([declared(slots=4), declared("nl.charging__other", slots=1)], "sqlite:x")
    assert found["host.data.example"]["slots"] == 1
    assert found["layer"]["slots"] < pools([], "postgres:x")["layer"]["slots"]


def test_the_dags_survive_airflows_own_storage(monkeypatch) -> None:
    monkeypatch.setattr(
        "airflow.plugins_manager.get_timetables_plugins",
        lambda: {f"{PartitionTimetable.__module__}.PartitionTimetable": PartitionTimetable},
    )
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dataset_dag(declared())))
    assert isinstance(stored.timetable, PartitionTimetable)
    assert stored.get_task("release").outlets[0].name == "core.recharging_point/nl.charging__dot_nl"


def test_of_a_tasks_log_the_exception_is_told() -> None:
    log = [
        {"level": "info", "event": "started"},
        {
            "level": "error",
            "event": "Task failed with exception",
            "error_detail": [{"exc_type": "DecodeError", "exc_value": "line 3: not CSV"}],
        },
        {"level": "info", "event": "ended"},
    ]
    assert error_line(log) == "DecodeError: line 3: not CSV"
    assert error_line(log[:1]).startswith("no error in its log")
