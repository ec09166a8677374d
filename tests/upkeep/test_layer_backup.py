"""A back-up is the layer as it was, time travel included; it is made beside writers and put back into an empty place."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from kept_layer import released, rows

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.layer import open_layer
from euregio.upkeep.backup import back_up, restore
from euregio.upkeep.catalogues import without_password


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, layer_catalogue=f"sqlite:{tmp_path}/layer/c.sqlite", layer_data=f"{tmp_path}/layer/data"
    )


def test_what_was_lost_comes_back_as_it_was_also_elsewhere(settings: Settings, tmp_path: Path) -> None:
    with open_layer(settings, read_only=False) as con:
        first = released(con, "2026-11-01", rows=3000)
        released(con, "2026-11-02", rows=3000)
        con.execute("DELETE FROM core.population WHERE _period = '2026-11-01' AND inhabitants_count < 1000")
        was = rows(con)
        done = back_up(settings, tmp_path / "copy")  # the writer is still there
        assert done.files >= 2
        released(con, "2026-11-03", rows=3000)
    again = back_up(settings, tmp_path / "copy2")
    assert again.files > done.files
    newer = back_up(settings, tmp_path / "copy")
    assert newer.known >= done.files
    assert newer.files >= 1, "only what is new is copied"
    shutil.rmtree(tmp_path / "copy")
    with open_layer(settings, read_only=False) as con:
        con.execute("DELETE FROM core.population WHERE _period = '2026-11-03'")
        con.execute("DELETE FROM catalogue.release WHERE period = '2026-11-03'")
    back_up(settings, tmp_path / "copy")
    shutil.rmtree(tmp_path / "layer")
    elsewhere = replace(settings, layer_catalogue=f"sqlite:{tmp_path}/new/c.sqlite", layer_data=f"{tmp_path}/new/data")
    restore(elsewhere, tmp_path / "copy")
    with open_layer(elsewhere, read_only=False) as con:
        assert rows(con) == was
        assert rows(con, at=first) == [("2026-11-01", 3000)]
        released(con, "2026-11-04", rows=3000)
        assert len(rows(con)) == 3, "it can be written to"


def test_a_restore_replaces_nothing_and_takes_no_other_folder(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(EuregioError, match="no layer to back up"):
        back_up(settings, tmp_path / "copy")
    with open_layer(settings, read_only=False) as con:
        released(con, "2026-11-01", rows=3000)
    back_up(settings, tmp_path / "copy")
    with pytest.raises(EuregioError, match="there is a layer already"):
        restore(settings, tmp_path / "copy")
    empty = replace(settings, layer_catalogue=f"sqlite:{tmp_path}/e/c.sqlite", layer_data=f"{tmp_path}/e/data")
    with pytest.raises(EuregioError, match="no back-up"):
        restore(empty, tmp_path)


def test_a_copy_that_lacks_a_file_is_refused_and_leaves_no_layer(settings: Settings, tmp_path: Path) -> None:
    with open_layer(settings, read_only=False) as con:
        released(con, "2026-11-01", rows=3000)
    back_up(settings, tmp_path / "copy")
    next((tmp_path / "copy" / "data").rglob("*.parquet")).unlink()
    empty = replace(settings, layer_catalogue=f"sqlite:{tmp_path}/e/c.sqlite", layer_data=f"{tmp_path}/e/data")
    with pytest.raises(EuregioError, match="is missing"):
        restore(empty, tmp_path / "copy")
    assert not (tmp_path / "e" / "c.sqlite").exists()


def test_a_name_that_leads_out_of_the_layer_is_refused(settings: Settings, tmp_path: Path) -> None:
    with open_layer(settings, read_only=False) as con:
        released(con, "2026-11-01", rows=3000)
    with sqlite3.connect(settings.layer_catalogue.removeprefix("sqlite:")) as con:
        con.execute("UPDATE ducklake_data_file SET path = '../../../' || path")
    with pytest.raises(EuregioError, match="leads out of its folder"):
        back_up(settings, tmp_path / "copy")


def test_without_postgresqls_programs_it_says_which_are_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EUREGIO_PG_BIN", str(tmp_path))
    with pytest.raises(EuregioError, match="psql is not on this machine"):
        back_up(Settings(home=tmp_path, layer_catalogue="postgres:dbname=x", layer_data="s3://b/l"), tmp_path / "copy")


@pytest.mark.parametrize(
    ("conninfo", "without", "password"),
    [
        ("host=h dbname=x user=u password=secret", "host=h dbname=x user=u", "secret"),
        (r"password='a b\'c' host=h", "host=h", "a b'c"),
        ("host=h", "host=h", None),
        ("postgresql://u:p%40ss@h:5432/x?sslmode=require", "postgresql://u@h:5432/x?sslmode=require", "p@ss"),
        ("postgresql://u@/x?host=/run", "postgresql://u@/x?host=/run", None),
    ],
)
def test_a_password_stands_in_no_command_line(conninfo: str, without: str, password: str | None) -> None:
    assert without_password(conninfo) == (without, password)
