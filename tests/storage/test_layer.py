"""The layer: tables from contracts, one snapshot a release, other states by time travel."""

from __future__ import annotations

from pathlib import Path

import pytest

from euregio.declarations.tables import columns_of, load_tables
from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.layer import open_layer, transaction
from writers import race


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    layer = tmp_path / "layer"
    return Settings(home=tmp_path, layer_catalogue=f"sqlite:{layer}/catalogue.sqlite", layer_data=f"{layer}/data")


def test_reading_before_the_first_release_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(EuregioError, match="no layer yet"), open_layer(settings):
        pass


def test_every_table_has_its_contracts_columns_and_comments(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        for table in load_tables().values():
            found = con.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE database_name = 'lake' "
                f"AND schema_name = '{table.schema}' AND table_name = '{table.name}' AND column_name NOT LIKE 'ducklake%'"
            ).fetchall()
            name = table.place.partition(".")[2]
            found = (
                found
                or con.execute(
                    f"SELECT column_name, comment FROM duckdb_columns() WHERE database_name = 'lake' AND table_name = '{name}'"
                ).fetchall()
            )
            assert dict(found) == {column: comment for column, (_, comment) in columns_of(table).items()}, table.place


def test_opening_again_changes_nothing(settings: Settings) -> None:
    with open_layer(settings, read_only=False):
        pass
    with open_layer(settings, read_only=False) as con:
        before = con.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchall()
    with open_layer(settings, read_only=False) as con:
        assert con.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchall() == before


def test_a_reader_cannot_write(settings: Settings) -> None:
    with open_layer(settings, read_only=False):
        pass
    with open_layer(settings) as con, pytest.raises(Exception, match="read-only"):
        con.execute("INSERT INTO core.population (nuts_code, reference_year) VALUES ('X', 2024)")


def test_a_transaction_that_fails_leaves_the_state_before(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        with pytest.raises(RuntimeError), transaction(con, "run 1", "half", {}):  # noqa: PT012
            con.execute("INSERT INTO core.population (nuts_code, reference_year) VALUES ('X', 2024)")
            raise RuntimeError
        assert con.execute("SELECT count(*) FROM core.population").fetchall() == [(0,)]
        with transaction(con, "run 2", "whole", {}):
            con.execute("INSERT INTO core.population (nuts_code, reference_year) VALUES ('X', 2024)")
        assert con.execute("SELECT count(*) FROM core.population").fetchall() == [(1,)]


def test_the_layer_can_be_read_as_it_stood(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        for number in (1, 2):
            with transaction(con, f"run {number}", "more", {}):
                con.execute(f"INSERT INTO core.population (nuts_code, reference_year) VALUES ('X{number}', 2024)")
        first = con.execute("SELECT snapshot_id FROM ducklake_snapshots('lake') WHERE author = 'run 1'").fetchall()[0][
            0
        ]
    with open_layer(settings, snapshot=first) as con:
        assert con.execute("SELECT nuts_code FROM core.population").fetchall() == [("X1",)]


def test_writers_on_a_sqlite_catalogue_wait_for_one_another(settings: Settings) -> None:
    race(settings)


def test_a_broken_catalogue_is_one_clear_error(settings: Settings, tmp_path: Path) -> None:
    Path(tmp_path, "layer").mkdir()
    Path(tmp_path, "layer", "catalogue.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(EuregioError, match="cannot be opened"), open_layer(settings):
        pass


def test_a_reader_in_the_midst_of_a_query_holds_no_writer_up(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as writer, open_layer(settings) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM core.population").fetchall() == [(0,)]
        with transaction(writer, "run 1", "beside a reader", {}):
            writer.execute("INSERT INTO core.population (nuts_code, reference_year) VALUES ('X', 2024)")
        assert reader.execute("SELECT count(*) FROM core.population").fetchall() == [(0,)]  # as it stood
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM core.population").fetchall() == [(1,)]
