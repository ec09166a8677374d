"""The connection type of the layer: what its test says, that it can only read, and that Airflow finds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import jsonschema
import pytest

from euregio.orchestration.installation import Installation
from euregio.orchestration.layer_hook import LayerHook
from euregio.orchestration.provider import LAYER, info
from euregio.settings import Settings
from euregio.storage.layer import open_layer, transaction
from provider_metadata import write_metadata

SECRET = "o'brien's \\ secret"


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A layer with one small table in a file, away from the settings' own."""
    home = tmp_path_factory.mktemp("layer")
    settings = Settings(home=home, layer_catalogue=f"sqlite:{home}/Catalogue.sqlite", layer_data=str(home / "data"))
    with open_layer(settings, read_only=False) as con, transaction(con, "test", "one table", {}):
        con.execute("CREATE TABLE lake.core.numbers AS SELECT range AS n FROM range(1000)")
    return settings


def define(monkeypatch: pytest.MonkeyPatch, **fields: object) -> LayerHook:
    monkeypatch.setenv("AIRFLOW_CONN_A_LAYER", json.dumps({"conn_type": LAYER, **fields}))
    return LayerHook("a_layer")


def test_it_says_what_it_found(layer: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = define(monkeypatch, extra={"catalogue": layer.layer_catalogue, "data_path": layer.layer_data})
    good, said = hook.test_connection()
    assert good, said
    assert "tables; the last snapshot is" in said
    with hook.conn() as con:
        assert con.sql("SELECT count(*) FROM core.numbers").fetchone() == (1000,)
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("DELETE FROM core.numbers")
    assert hook.get_conn().sql("SELECT max(n) FROM core.numbers").fetchone() == (999,)
    hook.close()


def test_without_a_connection_it_is_the_layer_of_the_settings(layer: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EUREGIO_LAYER_CATALOGUE", layer.layer_catalogue)
    monkeypatch.setenv("EUREGIO_LAYER_DATA", layer.layer_data)
    assert LayerHook(None).test_connection()[0]


def test_an_airflow_of_our_own_knows_its_layer_where_a_file_is_the_catalogue(
    layer: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in Installation("trial", layer)._layer_connection().items():
        monkeypatch.setenv(name, value)
    assert LayerHook().test_connection()[0]
    served = Settings(home=layer.home, layer_catalogue="postgres:host=db password=hidden", layer_data="s3://layer/data")
    assert Installation("trial", served)._layer_connection() == {}, (
        "no password in an environment that all tasks inherit"
    )


def test_files_that_are_gone_are_found_out_by_the_test(layer: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = define(monkeypatch, extra={"catalogue": layer.layer_catalogue, "data_path": layer.layer_data})
    aside = Path(layer.layer_data).rename(layer.home / "aside")
    try:
        good, said = hook.test_connection()
    finally:
        aside.rename(layer.layer_data)
    assert (good, said.partition(":")[0]) == (False, "The layer cannot be read")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "names no catalogue"),
        ({"host": "db", "extra": {"catalogue": "sqlite:/x", "data_path": "/y"}}, "names two catalogues"),
        ({"extra": {"catalogue": "/x", "data_path": "/y"}}, "has no kind"),
        ({"host": "db"}, "names no data path"),
        ({"extra": {"catalogue": "sqlite:/none/such.sqlite", "data_path": "/y"}}, "no layer yet"),
        ({"host": "127.0.0.1", "port": 1, "login": "reader", "password": SECRET, "extra": {"data_path": "s3://a/b", "s3_secret": SECRET}},
         "Connection refused"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_without_a_secret(fields: dict, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good, said = define(monkeypatch, **fields).test_connection()
    assert not good
    assert words in said
    assert "\n" not in said
    assert not any(part in said for part in (SECRET, "brien", "secret"))
    assert not Path("/none").exists()


def test_a_connection_that_is_not_there_is_named() -> None:
    good, said = LayerHook("no_such_connection").test_connection()
    assert not good
    assert "no_such_connection" in said


def test_what_airflow_is_told_is_valid_by_airflows_own_schema() -> None:
    import airflow

    schema = json.loads((Path(airflow.__path__[0]) / "provider_info.schema.json").read_text())
    jsonschema.validate(info(), schema)
    (kind,) = info()["connection-types"]
    assert (kind["connection-type"], kind["hook-name"]) == (LayerHook.conn_type, LayerHook.hook_name)
    assert kind["conn-fields"]["s3_secret"]["schema"]["format"] == "password"


def test_airflow_finds_the_type_and_its_form_by_the_package(tmp_path: Path) -> None:
    code = """
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
manager.initialize_providers_list()
manager._load_ui_metadata()
form = manager._field_behaviours["euregio_layer"]["relabeling"]["schema"]
hook = manager.hooks["euregio_layer"].hook_class_name
print(form, hook, sorted(name for name in manager._connection_form_widgets if "euregio" in name))
"""
    write_metadata(tmp_path)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "AIRFLOW_HOME": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    form, hook, widgets = done.stdout.strip().splitlines()[-1].split(" ", 2)
    assert (form, hook) == ("Database", "euregio.orchestration.layer_hook.LayerHook")
    assert "extra__euregio_layer__s3_secret" in widgets
