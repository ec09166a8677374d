"""Gates: a fall, a rise, a lost or changed field, ids that change; and what is only the usual coming and going."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from euregio.check.gates import BatchBlocked, Finding, block, identity_churn, schema_drift, volume_anomaly
from euregio.declarations.gates import GateLimits
from euregio.declarations.tables import load_table


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def written(con: duckdb.DuckDBPyConnection, path: Path, select: str) -> Path:
    con.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize(
    ("before", "now", "held"),
    [
        (1000, 1000, False), (1000, 701, False), (1000, 699, True), (1000, 0, True), (1000, 3000, False), (1000, 3001, True),
        (10, 6, False), (10, 0, True), (0, 5000, False), (4, 0, False), (100, 69, True), (100, 71, False),
    ],
)  # fmt: skip
def test_volume_holds_what_no_usual_coming_and_going_explains(before: int, now: int, held: bool) -> None:
    found = volume_anomaly(before, now)
    assert [one.blocks for one in found] == ([True] if held else [])
    if held:
        assert found[0].figures == {"records_before": before, "records_now": now}
        assert f"{before:,}" in found[0].what


def test_a_dataset_may_declare_its_own_limits() -> None:
    assert volume_anomaly(1000, 400, GateLimits(fall=0.7)) == []
    assert volume_anomaly(1000, 1200, GateLimits(rise=0.1))


RECORDS = """SELECT 'FR*A' || i AS id, CAST(22 + i AS VARCHAR) AS power, '2026-11-0' || (i % 9 + 1) AS day, 'oui' AS free,
    CASE WHEN i % 3 = 0 THEN 'x' END AS note, CAST(NULL AS VARCHAR) AS spare,
    [{'standard': 'T2', 'amperage': CAST(i AS VARCHAR), 'size, big': 'a b'}] AS plugs FROM range(300) t(i)"""


def drift(con: duckdb.DuckDBPyConnection, folder: Path, now: str) -> list[tuple[str, str, bool]]:
    found = schema_drift(con, [written(con, folder / "a.parquet", RECORDS)], [written(con, folder / "b.parquet", now)])
    assert {one.gate for one in found} <= {"schema"}
    return sorted((one.figures["change"], one.figures["field"], one.blocks) for one in found)


def test_the_same_fields_are_no_drift(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert drift(con, tmp_path, RECORDS) == []
    assert drift(con, tmp_path, RECORDS.replace("i % 3 = 0", "i % 5 = 0")) == []


def test_a_field_that_is_emptied_or_left_out_is_lost(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert drift(con, tmp_path, RECORDS.replace("'FR*A' || i", "CAST(NULL AS VARCHAR)")) == [("lost", "id", True)]
    assert drift(con, tmp_path, f"SELECT * EXCLUDE (free) FROM ({RECORDS})") == [("lost", "free", True)]


def test_a_nested_field_is_seen_too(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = drift(con, tmp_path, RECORDS.replace("'T2'", "CAST(NULL AS VARCHAR)"))
    assert found == [("lost", "plugs.standard", True)]
    retyped = drift(con, tmp_path, RECORDS.replace("'amperage': CAST(i AS VARCHAR)", "'amperage': 'much'"))
    assert retyped == [("retyped", "plugs.amperage", True)]


def test_a_field_that_moved_is_named_with_where_it_may_be(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    now = RECORDS.replace("AS day", "AS spare2").replace("AS spare,", "AS day,").replace("AS spare2", "AS spare")
    found = schema_drift(
        con, [written(con, tmp_path / "a.parquet", RECORDS)], [written(con, tmp_path / "b.parquet", now)]
    )
    assert {(one.figures["change"], one.figures["field"], one.blocks) for one in found} == {("lost", "day", True), ("added", "spare", False)}  # fmt: skip
    assert "perhaps now in spare" in next(one.what for one in found if one.blocks)


@pytest.mark.parametrize(
    ("was", "is_now", "field"),
    [("CAST(22 + i AS VARCHAR)", "'22 kW'", "power"), ("'2026-11-0' || (i % 9 + 1)", "'last week'", "day"), ("'oui'", "'peut-être'", "free")],
)  # fmt: skip
def test_a_field_that_holds_another_kind_of_text_is_retyped(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, was: str, is_now: str, field: str
) -> None:
    assert drift(con, tmp_path, RECORDS.replace(was, is_now)) == [("retyped", field, True)]


POINTS = "SELECT 'P' || i AS point_id, CASE WHEN i % 10 = 0 THEN 'quarantined' ELSE 'admitted' END AS _verdict FROM range({}, {}) t(i)"


@pytest.mark.parametrize(
    ("now", "held", "renamed"),
    [((0, 1000), False, False), ((0, 5000), False, False), ((100, 1100), False, False), ((400, 1000), True, False), ((5000, 6000), True, True)],
)  # fmt: skip
def test_ids_that_go_are_held_and_those_that_come_pass(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, now: tuple[int, int], held: bool, renamed: bool
) -> None:
    before = written(con, tmp_path / "a.parquet", POINTS.format(0, 1000))
    found = identity_churn(
        con, load_table("recharging_point"), before, written(con, tmp_path / "b.parquet", POINTS.format(*now))
    )
    assert [one.blocks for one in found] == ([True] if held else [])
    assert [("ids were changed" in one.what) for one in found] == ([renamed] if held else [])


def test_observations_have_no_identity_to_keep(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert identity_churn(con, load_table("status_observation"), tmp_path / "none", tmp_path / "none") == []


def test_a_held_batch_says_what_where_and_how_to_accept_it() -> None:
    findings = [Finding("volume", "3 records where there were 900", True), Finding("schema", "note came anew", False)]
    with pytest.raises(BatchBlocked) as said:
        block(findings, "fr.charging__irve_static 2026-11-20", "ab" * 10)
    assert said.value.gates == ("volume",)
    assert "euregio accept fr.charging__irve_static 2026-11-20 --batch abababababababababab --gates volume" in str(
        said.value
    )
    assert "note came anew" not in str(said.value)
    block(findings, "fr.charging__irve_static 2026-11-20", "ab" * 10, accepted=["volume"])
    block(findings[1:], "fr.charging__irve_static 2026-11-20", "ab" * 10)
