"""Upkeep of the layer: what goes, what a number cites stays, and writers beside it lose nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from kept_layer import released, rows

from euregio.settings import Settings
from euregio.storage.layer import open_layer, retried
from euregio.upkeep.layer import cited, expire, keep_in_order, merge, retire, sweep

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=400)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, layer_catalogue=f"sqlite:{tmp_path}/c.sqlite", layer_data=f"{tmp_path}/data")


def kept(days: int | None) -> SimpleNamespace:
    return SimpleNamespace(id="nl.charging__x", keep_span=timedelta(days=days) if days else None)


def test_old_periods_go_and_the_release_in_force_stays_however_old(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        for period in ("2020-01-01", "2020-01-02", "2020-01-03"):
            released(con, period)
        assert retire(con, [kept(None)], LATER) == []
        assert retire(con, [kept(30)], LATER) == ["nl.charging__x 2020-01-01", "nl.charging__x 2020-01-02"]
        assert rows(con) == [("2020-01-03", 5)]
        assert con.execute("SELECT period FROM catalogue.release").fetchall() == [("2020-01-03",)]
        assert retire(con, [kept(30)], LATER) == [], "once more changes nothing"


def test_what_a_release_or_a_published_number_cites_stays_readable(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        first = released(con, "2026-11-01")
        for number in range(5):
            con.execute(f"CREATE TABLE core.passing_{number} (i INTEGER)")
            con.execute(f"DROP TABLE core.passing_{number}")
        con.execute(
            "INSERT INTO indicators.value BY NAME SELECT 'u' AS use_case, 'i' AS indicator_id, '1.0.0' AS indicator_version, 'r' AS region_id, "
            "'whole' AS side_id, 'whole' AS side_kind, '2026-11-01' AS period, '' AS dimension, 'x' AS unit, 1 AS n, 'published' AS status, "
            f'\'[{{"dataset": "d", "snapshot_id": {first}}}, {{"snapshot_id": null}}]\' AS inputs, \'r\' AS run_id, now() AS computed_at'
        )
        con.execute("DELETE FROM catalogue.release")
        con.execute("DELETE FROM core.population")
        assert cited(con) == {first}
        before = con.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchone()[0]
        assert expire(con, NOW - timedelta(days=1)) == 0, "they are young"
        gone = expire(con, LATER)
        assert gone > 5
        assert con.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchone()[0] == before - gone
        sweep(con, LATER)
        assert rows(con, at=first) == [("2026-11-01", 5)], "the rows behind the published number"
        assert rows(con) == []


def test_small_files_are_merged_and_time_travel_stays(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        snapshots = [released(con, f"2026-11-{day:02}", rows=3000) for day in range(1, 9)]
        files = "SELECT count(*) FROM ducklake_list_files('lake', 'population', schema => 'core')"
        many = con.execute(files).fetchone()[0]
        merge(con)
        assert con.execute(files).fetchone()[0] < many
        assert rows(con, at=snapshots[3]) == [(f"2026-11-{day:02}", 3000) for day in range(1, 5)]


def test_files_that_a_killed_writer_left_go_when_they_are_old_and_not_before(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        released(con, "2026-11-01", rows=3000)
        orphan = Path(settings.layer_data) / "core" / "population" / "left.parquet"
        con.execute(f"COPY (SELECT 1 AS i) TO '{orphan}'")
        sweep(con, NOW - timedelta(days=1))
        assert orphan.exists(), "it may be of a writer that has not committed yet"
        sweep(con, LATER)
        assert not orphan.exists()
        assert rows(con) == [("2026-11-01", 3000)]


def test_upkeep_beside_running_writers_loses_nothing(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        released(con, "2026-10-01")
    failed: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            with open_layer(settings, read_only=False) as own:
                for day in range(1, 7):
                    retried(lambda day=day: released(own, f"2026-11-{day:02}", f"nl.charging__w{writer}", rows=2000))
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(2)]
    for writer in writers:
        writer.start()
    with open_layer(settings, read_only=False) as con:
        while any(writer.is_alive() for writer in writers):
            keep_in_order(con, [kept(10_000)], datetime.now(UTC), snapshots_for=timedelta(0))
    assert failed == []
    with open_layer(settings) as con:
        assert con.execute("SELECT _dataset, count(*) FROM core.population GROUP BY ALL ORDER BY ALL").fetchall() == [
            ("nl.charging__w0", 12000), ("nl.charging__w1", 12000), ("nl.charging__x", 5),
        ]  # fmt: skip
