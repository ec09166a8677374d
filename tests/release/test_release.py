"""The one write into the layer: what crosses, what stays, what a repeated run changes, and what the layer says of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.release.rows import OPEN, dataset, origin, point, rows_file, settings_in

from euregio.errors import ReleaseError
from euregio.release.write import is_released, release
from euregio.settings import Settings
from euregio.storage.layer import open_layer, retried, transaction

SWAPPED = "[{'field': 'latitude_deg, longitude_deg', 'was': '6.654321, 51.123456', 'now': '51.123456, 6.654321', 'why': 'swapped'}]"
PLUGS = "[{'connector_id': 'GEHEIM-1', 'connector_type': 'chademo', 'connector_type_raw': 'x', 'connector_format': 'cable', 'current_type': 'DC', 'power_kw': 50.0, 'power_method': 'declared', 'voltage_v': NULL, 'current_a': NULL}]"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("layer"))


@pytest.fixture(scope="module")
def con(settings: Settings):
    with open_layer(settings, read_only=False) as opened:
        yield opened


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def noted(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    return con.sql(f"FROM catalogue.release WHERE dataset = '{name}'").to_arrow_table().to_pylist()[0]


def test_rows_cross_and_the_numbers_add_up(con, tmp_path: Path) -> None:
    rows = [
        point(1),
        point(2, _verdict="corrected", _corrections=SWAPPED),
        point(3, _verdict="quarantined", _reasons=["coordinates_zero"]),
    ]
    done = release(con, dataset("aa.charging__sum"), [rows_file(tmp_path, rows)], origin(batch_id="sum"))
    note = noted(con, "aa.charging__sum")
    assert (note["rows_in_count"], note["admitted_count"], note["corrected_count"], note["quarantined_count"]) == (
        3,
        1,
        1,
        1,
    )
    assert (note["released_count"], note["withheld_count"], note["withheld_reason"]) == (2, 0, None)
    assert ask(con, "SELECT point_id, _verdict, _raw FROM core.recharging_point WHERE _dataset = 'aa.charging__sum' ORDER BY 1") == [
        ("XXABCE1", "admitted", f"{'f' * 64}#1"), ("XXABCE2", "corrected", f"{'f' * 64}#2"),
    ]  # fmt: skip
    assert ask(con, "SELECT verdict, reason, rows_count FROM quality.verdict WHERE dataset = 'aa.charging__sum' ORDER BY ALL") == [
        ("admitted", "", 1), ("corrected", "", 1), ("quarantined", "", 1), ("quarantined", "coordinates_zero", 1),
    ]  # fmt: skip
    assert ask(con, "SELECT was, now FROM quality.correction WHERE dataset = 'aa.charging__sum'") == [
        ("6.654321, 51.123456", "51.123456, 6.654321")
    ]
    assert note["snapshot_id"] == done.snapshot_id
    [(author, message, facts)] = ask(
        con,
        f"SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = {done.snapshot_id}",
    )
    assert (author, message) == ("run run-1", "release aa.charging__sum 2026-11-20")
    assert '"run_id": "run-1"' in facts


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"licence": None}, "no licence is declared"),
        ({"release": None}, "no release section is declared"),
        ({"release": {**OPEN, "access": "partner"}}, "agreement"),
        ({"release": {**OPEN, "access": "operational"}}, "agreement"),
        ({"release": {**OPEN, "access": "critical"}}, "agreement"),
        ({"release": {"access": "open", "fields": ["identity", "place_exact"]}}, "country_code"),
    ],
    ids=["no licence", "no policy", "partner", "operational", "critical", "a required column unnamed"],
)
def test_where_nothing_may_cross_the_run_ends_well_and_says_why(
    con, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    name = "aa.charging__stays"
    rows = rows_file(tmp_path, [point(1), point(2, _verdict="corrected", _corrections=SWAPPED)])
    release(con, dataset(name), [rows], origin(run_id="before"))
    done = release(con, dataset(name, **changes), [rows], origin(batch_id="shut", run_id="after"))
    assert done.withheld == 2
    assert reason in done.barriers["recharging_point"]
    for table in ("recharging_point", "recharging_station", "recharging_site", "connector"):
        assert ask(con, f"SELECT count(*) FROM core.{table} WHERE _dataset = '{name}'") == [(0,)]
    note = noted(con, name)
    assert (note["released_count"], note["withheld_count"], note["rows_in_count"]) == (0, 2, 2)
    assert reason in note["withheld_reason"]
    assert ask(con, f"SELECT count(*) FROM quality.correction WHERE dataset = '{name}'") == [(0,)]
    assert is_released(con, name, "shut")


def test_a_table_that_the_policy_does_not_name_stays_while_the_other_crosses(con, tmp_path: Path) -> None:
    tariff = {
        "tariff_id": "T1",
        "component_no": 1,
        "component": "energy",
        "price_amount": 0.5,
        "currency_code": "EUR",
        "price_per": "kWh",
    }
    prices = rows_file(
        tmp_path,
        [{**tariff, "_file": "f" * 64, "_record": 1, "_point": 1, "_verdict": "admitted", "_reasons": []}],
        "tariff",
    )
    done = release(con, dataset("aa.charging__two"), [rows_file(tmp_path, [point(1)]), prices], origin())
    assert done.tables["recharging_point"] == 1
    assert "release.fields does not name" in done.barriers["tariff"]
    assert ask(con, "SELECT count(*) FROM core.tariff WHERE _dataset = 'aa.charging__two'") == [(0,)]


def test_only_rows_of_the_policys_condition_cross_and_unknown_ones_stay(con, tmp_path: Path) -> None:
    rows = [point(1, power_kw=50.0), point(2, power_kw=11.0), point(3, power_kw=None)]
    done = release(
        con,
        dataset("aa.charging__rows", release={**OPEN, "rows": "power_kw > 22 -- fast ones"}),
        [rows_file(tmp_path, rows)],
        origin(),
    )
    assert (done.tables["recharging_point"], done.withheld) == (1, 2)


def test_a_condition_on_a_column_that_the_table_lacks_keeps_its_rows_back(con, tmp_path: Path) -> None:
    seen = {
        "point_id": "X",
        "observed_at": "2026-11-20T06:00:00Z",
        "observed_at_method": "stated",
        "status": "available",
    }
    rows = rows_file(
        tmp_path,
        [{**seen, "_file": "f" * 64, "_record": 1, "_point": 1, "_verdict": "admitted", "_reasons": []}],
        "status_observation",
    )
    policy = {"access": "open", "fields": ["identity", "time", "status", "place"], "rows": "power_kw > 22"}
    done = release(con, dataset("aa.charging__lacks", release=policy), [rows], origin())
    assert done.withheld == 1
    assert "power_kw" in done.barriers["status_observation"]


@pytest.mark.parametrize(
    "rows",
    [
        "true) OR (true",
        "true GROUP BY 1",
        "power_kw IN (SELECT 1)",
        "1; DROP TABLE x",
        "count(*) OVER () > 0",
        "power_kw >",
    ],
)
def test_what_is_no_condition_on_a_row_is_refused(con, tmp_path: Path, rows: str) -> None:
    with pytest.raises(ReleaseError, match="not a condition on one row"):
        release(con, dataset(release={**OPEN, "rows": rows}), [rows_file(tmp_path, [point(1)])], origin())


def test_under_a_regions_grain_no_coordinate_id_or_address_lies_in_any_file_of_the_layer(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    rows = [
        point(1, connectors=PLUGS, station_power_kw=50.0),
        point(2, connectors=PLUGS, _verdict="corrected", _corrections=SWAPPED),
        point(3),
    ]
    policy = {
        "access": "open",
        "fields": ["identity", "place", "place_exact", "operator", "power", "lifecycle"],
        "grain": "nuts3",
    }
    with open_layer(settings, read_only=False) as con:
        con.execute("CALL lake.set_option('data_inlining_row_limit', '0')")
        release(con, dataset(release=policy), [rows_file(tmp_path / "rows", rows)], origin())
        found = con.execute("SELECT nuts3_code, power_kw, count(*) FROM core.recharging_point GROUP BY ALL").fetchall()
        assert found == [("XX001", 22.0, 3)]
        assert con.execute(
            "SELECT count(*), count(DISTINCT point_id), count(DISTINCT station_id) FROM core.recharging_point"
        ).fetchall() == [(3, 3, 2)]
        assert con.execute("SELECT point_count, power_kw FROM core.recharging_station ORDER BY 1").fetchall() == [
            (1, 50.0),
            (2, 44.0),
        ]
    files = list((tmp_path / "layer").rglob("*"))
    parquet = [path for path in files if path.suffix == ".parquet"]
    assert len(parquet) >= 4
    plain = duckdb.connect()
    texts = [str(plain.execute(f"FROM read_parquet('{path}')").fetchall()) for path in parquet]
    texts += [path.read_bytes().decode("latin-1") for path in files if path.is_file()]
    for secret in (
        "XXABCE1",
        "XX*ABC",
        "51.1234",
        "6.6543",
        "Geheim",
        "GEHEIM",
        "98765",
        "Kleinkleckersdorf",
        "'S0'",
        "'P1'",
    ):
        assert not any(secret in text for text in texts), secret


def test_what_is_not_named_lies_in_no_file_of_the_layer(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    policy = {"access": "open", "fields": ["identity", "country_code", "latitude_deg", "longitude_deg"]}
    with open_layer(settings, read_only=False) as con:
        con.execute("CALL lake.set_option('data_inlining_row_limit', '0')")
        release(con, dataset(release=policy), [rows_file(tmp_path / "rows", [point(1, connectors=PLUGS)])], origin())
    texts = [
        str(duckdb.execute(f"FROM read_parquet('{path}')").fetchall())
        for path in (tmp_path / "layer").rglob("*.parquet")
    ]
    assert any("51.1234" in text for text in texts)
    for secret in ("Operator", "Geheimstrasse", "98765", "chademo", "22.0"):
        assert not any(secret in text for text in texts), secret


def test_a_release_replaces_its_dataset_and_period_and_nothing_else(con, tmp_path: Path) -> None:
    for name, period, numbers in (
        ("bb.charging__one", "2026-11-19", [1]), ("bb.charging__one", "2026-11-20", [1, 2]), ("bb.charging__two", "2026-11-20", [7]),
        ("bb.charging__one", "2026-11-20", [3]),
    ):  # fmt: skip
        rows = rows_file(tmp_path, [point(number) for number in numbers])
        release(con, dataset(name), [rows], origin(run_id=f"{name} {period}", period=period))
    found = ask(
        con, "SELECT _dataset, _period, point_id FROM core.recharging_point WHERE _dataset LIKE 'bb.%' ORDER BY ALL"
    )
    assert found == [
        ("bb.charging__one", "2026-11-19", "XXABCE1"), ("bb.charging__one", "2026-11-20", "XXABCE3"), ("bb.charging__two", "2026-11-20", "XXABCE7"),
    ]  # fmt: skip
    assert ask(con, "SELECT point_id FROM core.current_recharging_point WHERE _dataset = 'bb.charging__one'") == [
        ("XXABCE3",)
    ]
    assert ask(con, "SELECT count(*) FROM catalogue.release WHERE dataset LIKE 'bb.%'") == [(3,)]


def test_any_release_can_be_read_again_as_it_stood(con, settings: Settings, tmp_path: Path) -> None:
    snapshots = []
    for number in (1, 2, 3):
        rows = rows_file(tmp_path, [point(number)])
        snapshots.append(
            release(con, dataset("cc.charging__past"), [rows], origin(run_id=f"past-{number}")).snapshot_id
        )
    for number, snapshot in enumerate(snapshots, 1):
        sql = f"SELECT point_id FROM core.recharging_point AT (VERSION => {snapshot}) WHERE _dataset = 'cc.charging__past'"
        assert ask(con, sql) == [(f"XXABCE{number}",)]
    with open_layer(settings, snapshot=snapshots[0]) as past:
        assert ask(past, "SELECT point_id FROM core.current_recharging_point WHERE _dataset = 'cc.charging__past'") == [
            ("XXABCE1",)
        ]
        assert noted(past, "cc.charging__past")["run_id"] == "past-1"


def test_the_snapshot_noted_is_the_true_one_whoever_writes_at_the_same_time(
    con, settings: Settings, tmp_path: Path
) -> None:
    rows = rows_file(tmp_path, [point(1)])
    written: list[Exception | None] = []

    def other_writer() -> None:
        try:
            with open_layer(settings, read_only=False) as other:
                for number in range(4):

                    def write(number: int = number) -> None:
                        with transaction(other, "someone", "beside", {}):
                            other.execute(
                                f"INSERT INTO core.population (nuts_code, reference_year) VALUES ('Z{number}', 2024)"
                            )

                    retried(write)
            written.append(None)
        except Exception as error:
            written.append(error)

    beside = threading.Thread(target=other_writer)
    beside.start()
    done = [release(con, dataset(f"dd.charging__d{n}"), [rows], origin(run_id="scheduled__same")) for n in range(3)]
    beside.join()
    assert written == [None]
    for number, one in enumerate(done):
        name = f"dd.charging__d{number}"
        assert noted(con, name)["snapshot_id"] == one.snapshot_id
        sql = f"SELECT count(*) FROM core.recharging_point AT (VERSION => {{}}) WHERE _dataset = '{name}'"
        assert ask(con, sql.format(one.snapshot_id)) == [(1,)]
        assert ask(con, sql.format(one.snapshot_id - 1)) == [(0,)]


def test_names_and_values_are_text_whatever_they_hold(con, tmp_path: Path) -> None:
    evil = "x'; DROP TABLE core.recharging_point; --"
    rows = rows_file(tmp_path, [point(1, operator_name=evil, point_id=evil, _reasons=[], _verdict="admitted")])
    where = origin(run_id=evil, batch_id=evil, period=evil)
    release(con, dataset("ee.charging__" + evil, title=evil, publisher=evil, attribution=evil), [rows], where)
    found = ask(
        con,
        f"SELECT operator_name, _dataset, _period, _run FROM core.recharging_point WHERE point_id = '{evil.replace(chr(39), chr(39) * 2)}'",
    )
    assert found == [(evil, "ee.charging__" + evil, evil, evil)]
    assert is_released(con, "ee.charging__" + evil, evil, evil)


def test_stations_grouped_in_passes_are_those_of_one_pass(con, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_file(tmp_path, [*(point(n) for n in range(23)), point(50, station_id=None), point(51, station_id=None)])
    columns = "* EXCLUDE (_dataset, _run)"
    found = {}
    for name, at_once in (("xx.charging__once", 1000), ("xx.charging__passes", 3)):
        monkeypatch.setattr("euregio.release.write._ROWS_PER_PASS", at_once)
        done = release(con, dataset(name), [rows], origin())
        found[name] = [
            ask(con, f"SELECT {columns} FROM {table} WHERE _dataset = '{name}' ORDER BY ALL")
            for table in ("core.recharging_station", "core.recharging_site", "core.connector")
        ]
        assert done.tables["recharging_station"] == len(found[name][0]) == 13
    once, passes = found.values()
    assert once == passes
