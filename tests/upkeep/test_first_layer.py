"""A layer that the first release wrote is read, brought up to today's contracts, written to and restored by today's code."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from euregio import pipeline
from euregio.commands.console import run_query
from euregio.commands.maintain import upgrade
from euregio.declarations.tables import columns_of, load_table, load_tables
from euregio.declarations.views import load_views
from euregio.errors import EuregioError
from euregio.indicators.explain import explain
from euregio.publish.atlas.page import write_atlas
from euregio.sandbox.running import Sandbox
from euregio.settings import Settings
from euregio.storage import evolve
from euregio.storage.layer import open_layer
from euregio.upkeep.backup import restore

KEPT = Path(__file__).parent / "first_layer" / "layer.tar.xz"
#: What the first release wrote: points by dataset and period, and the snapshot before the second of them.
OLD = [("de.charging__bnetza", "2026-11", 61), ("fr.charging__irve_static", "2026-11-19", 51)]
BEFORE_GERMANY = 5
POINTS = "SELECT _dataset, _period, count(*) FROM core.recharging_point GROUP BY ALL ORDER BY ALL"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The kept layer, put where a layer may be written."""
    with tarfile.open(KEPT) as packed:
        packed.extractall(tmp_path / "kept", filter="data")
    found = Settings(
        home=tmp_path / "home", profile="sandbox", zones=f"{tmp_path}/zones", layer_catalogue=f"sqlite:{tmp_path}/layer/c.sqlite",
        layer_data=f"{tmp_path}/layer/data",
    )  # fmt: skip
    restore(found, tmp_path / "kept")
    return found


def _snapshots(settings: Settings) -> int:
    with open_layer(settings) as con:
        return con.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchall()[0][0]


def test_the_kept_layer_is_one_of_before(settings: Settings) -> None:
    assert KEPT.stat().st_size < 300_000
    with open_layer(settings) as con:
        assert con.execute(POINTS).fetchall() == OLD
        have = {
            place
            for (place,) in con.execute(
                "SELECT schema_name || '.' || table_name || '.' || column_name FROM duckdb_columns() WHERE database_name = 'lake'"
            ).fetchall()
        }
    assert "catalogue.release.released_count" in have
    assert not have & {
        "catalogue.release.withheld_reason",
        "quality.rule_outcome.table_name",
        "quality.acceptance.gate",
    }


def test_upgrade_says_first_and_then_adds_what_is_new_and_leaves_old_rows_as_they_were(settings: Settings) -> None:
    with open_layer(settings) as con:
        columns = ", ".join(con.sql("FROM core.recharging_point").columns)
        queries = (
            f"SELECT bit_xor(hash(p)) FROM (SELECT {columns} FROM core.recharging_point) AS p",
            "SELECT sum(rows_in_count) FROM catalogue.release",
        )
        was = [con.execute(query).fetchall() for query in queries]
    told, before = upgrade(dry_run=True, settings=settings), _snapshots(settings)
    assert 'ALTER TABLE "catalogue"."release" ADD COLUMN "withheld_reason" VARCHAR' in told
    assert 'ALTER TABLE "core"."recharging_point" ADD COLUMN "publisher_point_id" VARCHAR' in told
    assert not [line for line in told if "DROP" in line or "SET DATA TYPE" in line]
    assert upgrade(settings=settings) == told
    assert _snapshots(settings) == before + 1, "all in one snapshot"
    assert upgrade(settings=settings) == ["The layer is up to its contracts."]
    with open_layer(settings, read_only=False) as con:
        assert [con.execute(query).fetchall() for query in queries] == was
        assert con.execute("SELECT count(*), count(withheld_reason) FROM catalogue.release").fetchall() == [(5, 0)]
        assert con.execute("SELECT count(publisher_point_id) FROM core.recharging_point").fetchall() == [(0,)]
        assert con.execute("SELECT count(*) > 0, count(table_name) FROM quality.rule_outcome").fetchall() == [(True, 0)]
        assert con.execute("SELECT count(*) FROM quality.acceptance").fetchall() == [(0,)]
        for table in load_tables().values():
            lie = con.execute(
                f"SELECT column_name, comment FROM duckdb_columns() WHERE database_name = 'lake' AND schema_name = '{table.schema}' AND table_name = '{table.name}'"
            ).fetchall()
            assert dict(lie) == {name: comment for name, (_, comment) in columns_of(table).items()}, table.place
        for view in load_views():
            con.execute(f"SELECT * FROM {view.place} LIMIT 1").fetchall()
        (author,) = con.execute(
            "SELECT author FROM ducklake_snapshots('lake') ORDER BY snapshot_id DESC LIMIT 1"
        ).fetchone()
        assert author.startswith("euregio ")
    assert _snapshots(settings) == before + 1, "opening it once more changes nothing"


def test_a_new_partition_goes_into_the_old_layer_and_everything_reads_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(size=240, seed=8, defects=0.1, work=tmp_path / "sandbox") as sandbox:
        monkeypatch.setenv("EUREGIO_SANDBOX_URL", sandbox.address)
        batch = pipeline.run("fr.charging__irve_static", "2026-11-21", settings=settings)
    assert batch.released > 0
    with open_layer(settings, read_only=False) as con:
        assert con.execute(POINTS).fetchall() == [*OLD, ("fr.charging__irve_static", "2026-11-21", batch.released)]
        current = "SELECT count(*) FROM core.current_recharging_point WHERE _dataset = 'fr.charging__irve_static'"
        assert con.execute(current).fetchall() == [(batch.released,)]
        run_query(con, "SELECT dataset, period, withheld_reason FROM catalogue.release ORDER BY ALL", "json")
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {"dataset": "fr.charging__irve_static", "period": "2026-11-19", "withheld_reason": None} in lines
        found = explain(con, "power_density", "upper-rhine", "fr", rows=True)
        assert found.is_stored
        (value,) = (one for one in found.values if one["side_id"] == "fr")
        assert value["value"] == pytest.approx(7.736, abs=0.001), "the value that the first release published"
        page = write_atlas(con, tmp_path / "atlas")
        pages = [page, *(tmp_path / "atlas").rglob("*.html")]
        assert any("Upper Rhine" in one.read_text("utf-8") for one in pages)
    with open_layer(settings, snapshot=BEFORE_GERMANY) as con:
        assert con.execute(POINTS).fetchall() == [OLD[1]]
        assert con.execute("SELECT sum(released_count) FROM catalogue.release").fetchall() == [(19 + 162 + 24 + 51,)]


@pytest.fixture
def contract_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Give a column another type (a shorter description too) in its table's contract."""

    def say(table: str, column: str, type_: str) -> None:
        changed = load_table(table)
        columns = tuple(replace(one, type=type_) if one.name == column else one for one in changed.columns)
        tables = {**load_tables(), table: replace(changed, columns=columns)}
        monkeypatch.setattr(evolve, "load_tables", lambda: tables)

    return say


def test_a_type_never_changes_by_itself_and_the_error_names_the_migration(
    settings: Settings, contract_says: Callable[[str, str, str], None]
) -> None:
    upgrade(settings=settings)
    contract_says("population", "reference_year", "BIGINT")
    before = _snapshots(settings)
    with (
        pytest.raises(
            EuregioError, match=r"core.population.reference_year.*INTEGER.*BIGINT.*upgrade --widen.*ALTER TABLE"
        ),
        open_layer(settings, read_only=False),
    ):
        pass
    assert _snapshots(settings) == before
    with open_layer(settings) as con:
        assert con.execute(POINTS).fetchall() == OLD, "it is read as before"
        years = con.execute("SELECT DISTINCT reference_year FROM core.population ORDER BY ALL").fetchall()
    (statement,) = [line for line in upgrade(widen=True, settings=settings) if "SET DATA TYPE" in line]
    assert statement.endswith("SET DATA TYPE BIGINT")
    with open_layer(settings, read_only=False) as con:
        assert con.execute("SELECT DISTINCT reference_year FROM core.population ORDER BY ALL").fetchall() == years
        con.execute("INSERT INTO core.population (nuts_code, reference_year) VALUES ('X', 5000000000)")


def test_a_type_that_holds_less_or_something_else_is_refused_with_or_without_widen(
    settings: Settings, contract_says: Callable[[str, str, str], None]
) -> None:
    for type_ in ("SMALLINT", "VARCHAR"):
        contract_says("population", "reference_year", type_)
        with pytest.raises(EuregioError, match="new name in the contract"):
            upgrade(widen=True, settings=settings)


def test_a_view_whose_select_changed_is_made_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(settings=settings)
    views = load_views()
    changed = [
        replace(one, sql=one.sql.replace("period DESC", "period ASC"))
        if one.place == "catalogue.current_release"
        else one
        for one in views
    ]
    assert changed != views
    monkeypatch.setattr(evolve, "load_views", lambda: changed)
    told = upgrade(settings=settings)
    assert len([line for line in told if "VIEW" in line and "COMMENT" not in line]) == 1
    assert upgrade(settings=settings) == ["The layer is up to its contracts."]
