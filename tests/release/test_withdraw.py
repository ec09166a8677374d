"""A policy that became narrower: what crossed before leaves the layer, of every period, and the catalogue says why."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from euregio.declarations.datasets import Dataset
from euregio.release.withdraw import withdraw
from euregio.release.write import Origin, release
from euregio.storage.layer import open_layer

from .rows import OPEN, dataset, point, rows_file, settings_in

PERIODS = ("2026-11-01", "2026-11-02")
OTHER = "yy.charging__office"
FAMILY = ("recharging_point", "recharging_station", "recharging_site", "connector")
PLUG = (
    "[{'connector_id': '1', 'connector_type': 'type2', 'connector_type_raw': 't2', 'connector_format': NULL, 'current_type': 'AC', "
    "'power_kw': 22.0, 'power_method': 'declared', 'voltage_v': NULL, 'current_a': NULL}]"
)
FIX = "[{'field': 'operator_name', 'was': 'Oprator', 'now': 'Operator', 'why': 'misspelt'}]"


@pytest.fixture
def layer(tmp_path: Path) -> Any:
    with open_layer(settings_in(tmp_path), read_only=False) as con:
        for name in ("xx.charging__office", OTHER):
            for number, period in enumerate(PERIODS):
                rows = [point(n, power_kw=22.0 + n, connectors=PLUG) for n in range(4)]
                rows.append(point(9, connectors=PLUG, _verdict="corrected", _corrections=FIX))
                origin = Origin(f"r{number}", f"b{number}", period, ("f" * 64,), None)
                release(con, dataset(name), [rows_file(tmp_path, rows)], origin)
        yield con


def held(con: Any, name: str = "xx.charging__office") -> dict[str, int]:
    asked = ", ".join(f"(SELECT count(*) FROM core.{table} WHERE _dataset = '{name}')" for table in FAMILY)
    return dict(zip(FAMILY, con.execute(f"SELECT {asked}").fetchone(), strict=True))


def changed(**release_section: object) -> Dataset:
    return dataset(release={**OPEN, **release_section})


def test_under_the_same_policy_nothing_is_withdrawn_and_nothing_is_written(layer: Any) -> None:
    before = layer.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchone()
    assert withdraw(layer, dataset()).lines == []
    assert layer.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchone() == before


@pytest.mark.parametrize(
    ("closed", "why"),
    [
        (dataset(licence=None), "no licence is declared"),
        (dataset(release=None), "no release section is declared"),
        (changed(access="partner"), "agreement"),
        (changed(fields=["identity", "power"]), "does not name"),
    ],
)
def test_what_was_closed_leaves_the_layer_in_every_period(layer: Any, closed: Dataset, why: str) -> None:
    done = withdraw(layer, closed)
    assert done.tables == set(FAMILY)
    assert why in done.lines[0]
    assert set(held(layer).values()) == {0}
    assert held(layer, OTHER)["recharging_point"] == 10, "another dataset's rows stay"
    notes = layer.execute(
        "SELECT period, released_count, withheld_count, withheld_reason FROM catalogue.release "
        "WHERE dataset = 'xx.charging__office' ORDER BY ALL"
    ).fetchall()
    assert [note[:3] for note in notes] == [(period, 0, 5) for period in PERIODS]
    assert all(why in note[3] for note in notes)
    assert layer.execute("SELECT DISTINCT dataset FROM quality.correction").fetchall() == [(OTHER,)]
    assert withdraw(layer, closed).lines == [], "once more changes nothing"


def test_a_column_that_may_not_cross_any_more_is_null_in_every_period(layer: Any) -> None:
    narrower = changed(fields=["identity", "place", "place_exact", "power"])
    done = withdraw(layer, narrower)
    assert "operator_name" in done.lines[0]
    for table in ("recharging_point", "recharging_station"):
        names = [row[0] for row in layer.execute(f"DESCRIBE core.{table}").fetchall() if row[0].startswith("operator")]
        for name in names:
            assert layer.execute(
                f"SELECT count({name}) FROM core.{table} WHERE _dataset = 'xx.charging__office'"
            ).fetchone() == (0,)
            assert layer.execute(f"SELECT count({name}) FROM core.{table} WHERE _dataset = '{OTHER}'").fetchone() > (0,)
    assert layer.execute(
        "SELECT DISTINCT was, now FROM quality.correction WHERE dataset = 'xx.charging__office'"
    ).fetchall() == [(None, None)]
    assert held(layer)["recharging_point"] == 10, "the rows stay"
    assert withdraw(layer, narrower).lines == []


def test_a_coarser_grain_takes_the_places_and_names_of_before(layer: Any, tmp_path: Path) -> None:
    coarser = changed(grain="nuts3")
    assert "grain is coarser" in withdraw(layer, coarser).lines[0]
    assert set(held(layer).values()) == {0}
    rows = [point(n, connectors=PLUG) for n in range(4)]
    release(layer, coarser, [rows_file(tmp_path, rows)], Origin("r9", "b9", PERIODS[0], ("f" * 64,), None))
    assert withdraw(layer, coarser).lines == [], "what crossed under the grain stays"
    assert held(layer)["recharging_point"] == 4


def test_a_narrower_rule_for_rows_takes_the_periods_that_break_it(layer: Any, tmp_path: Path) -> None:
    narrower = changed(rows="power_kw < 24 -- only small ones")
    assert "release.rows is narrower" in withdraw(layer, narrower).lines[0]
    assert held(layer)["recharging_point"] == 0
    rows = [point(n, power_kw=22.0 + n, connectors=PLUG) for n in range(4)]
    release(layer, narrower, [rows_file(tmp_path, rows)], Origin("r9", "b9", PERIODS[0], ("f" * 64,), None))
    assert withdraw(layer, narrower).lines == []
    assert held(layer)["recharging_point"] == 2


def test_what_must_be_gone_for_good_is_gone_from_the_files_too(tmp_path: Path) -> None:
    """The commands of docs/how-to/upkeep.md: snapshots and files of before hold the rows until these have run."""
    settings = settings_in(tmp_path)
    with open_layer(settings, read_only=False) as con:
        rows = [point(n, operator_name="Withdrawn Ltd") for n in range(50)]
        for name in ("xx.charging__office", OTHER):
            kept = [row if name != OTHER else {**row, "operator_name": "Kept Ltd"} for row in rows]
            release(con, dataset(name), [rows_file(tmp_path, kept)], Origin("r", "b", PERIODS[0], ("f" * 64,), None))
        con.execute("CALL ducklake_merge_adjacent_files('lake')")
        withdraw(con, dataset(licence=None))
        assert any(b"Withdrawn Ltd" in file.read_bytes() for file in Path(settings.layer_data).rglob("*.parquet"))
        for statement in (
            "CALL ducklake_flush_inlined_data('lake')",
            "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0)",
            "CALL ducklake_expire_snapshots('lake', older_than => now())",
            "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
        ):
            con.execute(statement)
        assert con.execute("SELECT count(*) FROM core.recharging_point").fetchone() == (50,)
    files = [file.read_bytes() for file in Path(settings.layer_data).rglob("*.parquet")]
    assert any(b"Kept Ltd" in content for content in files)
    assert not any(b"Withdrawn Ltd" in content for content in files)
    with closing(sqlite3.connect(tmp_path / "layer" / "catalogue.sqlite")) as catalogue:
        said = "\n".join(map(str, catalogue.iterdump()))
    assert "Kept Ltd" in said
    assert "Withdrawn Ltd" not in said, "nor as the greatest value of a column"
