"""The layer that is kept open for the pages: as fresh as one opened anew, and in nobody's way."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import duckdb
import pytest

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage import kept
from euregio.storage.kept import KeptLayer
from euregio.storage.layer import open_layer, transaction

COUNT = "SELECT count(*) FROM core.numbers"


def settings_of(folder: Path) -> Settings:
    return Settings(home=folder, layer_catalogue=f"sqlite:{folder}/catalogue.sqlite", layer_data=str(folder / "data"))


def write(settings: Settings, numbers: int) -> None:
    with open_layer(settings, read_only=False) as con, transaction(con, "test", "numbers", {}):
        con.execute("CREATE TABLE IF NOT EXISTS lake.core.numbers (n BIGINT)")
        con.execute(f"INSERT INTO lake.core.numbers SELECT range FROM range({numbers})")


@pytest.fixture
def layer(tmp_path: Path) -> Settings:
    settings = settings_of(tmp_path / "one")
    write(settings, 10)
    return settings


def test_each_look_sees_what_was_written_meanwhile_and_none_can_write(layer: Settings) -> None:
    one = KeptLayer()
    with one.look(layer) as con:
        assert con.execute(COUNT).fetchone() == (10,)
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("DELETE FROM core.numbers")
    first = one._kept
    write(layer, 5)  # a writer is not held up by what is kept
    with one.look(layer) as con:
        assert con.execute(COUNT).fetchone() == (15,)
        assert con.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    assert one._kept is first, "it was not opened anew"
    one.close()


def test_a_catalogue_that_was_restored_is_opened_anew(layer: Settings, tmp_path: Path) -> None:
    one = KeptLayer()
    with one.look(layer) as con:
        assert con.execute(COUNT).fetchone() == (10,)
    other = settings_of(tmp_path / "other")
    write(other, 3)
    place = Path(layer.layer_catalogue.partition(":")[2])
    os.replace(other.layer_catalogue.partition(":")[2], place)
    for name in ("-wal", "-shm"):
        place.with_name(place.name + name).unlink(missing_ok=True)
    with one.look(layer) as con:
        assert con.execute(COUNT).fetchone() == (3,)
    one.close()


def test_another_layer_closes_the_first_when_nobody_looks_into_it(layer: Settings, tmp_path: Path) -> None:
    other = settings_of(tmp_path / "other")
    write(other, 3)
    one = KeptLayer()
    with one.look(layer) as con:
        first = one._kept
        with one.look(other) as second:
            assert second.execute(COUNT).fetchone() == (3,)
        assert con.execute(COUNT).fetchone() == (10,), "who looks is not disturbed"
    assert first is not None
    with pytest.raises(duckdb.Error, match="closed"):
        first.con.execute("SELECT 1")
    one.close()


def test_a_connection_that_has_died_is_replaced_within_the_look(
    layer: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = KeptLayer()
    with one.look(layer):
        dead = one._kept
    began = kept._begin

    def fails_once(con: duckdb.DuckDBPyConnection) -> None:
        if one._kept is dead:
            raise duckdb.IOException("server closed the connection unexpectedly")
        began(con)

    monkeypatch.setattr(kept, "_begin", fails_once)
    with one.look(layer) as con:
        assert con.execute(COUNT).fetchone() == (10,)
    assert one._kept is not dead
    assert dead is not None
    assert (dead.users, one._kept.users if one._kept else None) == (0, 0)
    one.close()


def test_where_there_is_none_every_look_says_so(tmp_path: Path) -> None:
    one = KeptLayer()
    for _ in range(2):
        with pytest.raises(EuregioError, match="no layer yet"), one.look(settings_of(tmp_path)):
            pass


def test_it_is_opened_anew_after_a_while(layer: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    one = KeptLayer()
    with one.look(layer):
        first = one._kept
    monkeypatch.setattr(kept, "LONGEST_S", 0.0)
    with one.look(layer):
        assert one._kept is not first
    one.close()


def test_many_threads_look_at_once(layer: Settings) -> None:
    one, found = KeptLayer(), []

    def look() -> None:
        for _ in range(5):
            with one.look(layer) as con:
                found.append(con.execute(COUNT).fetchone())

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [(10,)] * 30
    assert one._kept is not None
    assert one._kept.users == 0
    one.close()


def test_a_catalogue_in_a_duckdb_file_is_never_kept_from_its_writers(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, layer_catalogue=f"duckdb:{tmp_path}/catalogue.ducklake", layer_data=str(tmp_path / "data")
    )
    write(settings, 10)
    one = KeptLayer()
    with one.look(settings) as con:
        assert con.execute(COUNT).fetchone() == (10,)
    assert one._kept is None
    write(settings, 1)
