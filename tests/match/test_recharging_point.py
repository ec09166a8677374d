"""The rules by which points of several publishers are one: small stations, with verdicts worked out by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from euregio.settings import PROJECT, Settings
from euregio.storage.duck import connect
from euregio.storage.layer import ensure_tables

POINTS = Path(__file__).parent / "points.csv"
with POINTS.open(encoding="utf-8", newline="") as file:
    EXPECTED = list(csv.DictReader(file))
CASES = list(dict.fromkeys(row["case"] for row in EXPECTED))
Verdicts = dict[tuple[str, str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A layer of the points, and the TEMP table `matched` of the verdicts."""
    home = tmp_path_factory.mktemp("layer")
    with connect(Settings(home=home, memory_limit="512MB", threads=2), "spatial") as con:
        con.execute("ATTACH ':memory:' AS lake")
        con.execute("USE lake")
        ensure_tables(con)
        text = "types = {evse_id: 'VARCHAR', power_kw: 'DOUBLE', updated_at: 'TIMESTAMPTZ', nuts3_code: 'VARCHAR', period: 'VARCHAR'}"
        con.execute(
            f"""INSERT INTO core.recharging_point BY NAME
                SELECT point_id, evse_id, station_id, latitude_deg, longitude_deg, nuts3_code, country_code, power_kw, updated_at,
                       operator_id, operator_name, dataset AS _dataset, period AS _period, 'run' AS _run, 'hash#1' AS _raw
                FROM read_csv('{POINTS}', header = true, {text})"""
        )
        con.execute(
            """INSERT INTO catalogue.release BY NAME
               SELECT DISTINCT _dataset AS dataset, 'recharging_point' AS table_name, _period AS period,
                      upper(left(_dataset, 2)) AS country_code, CAST(_period AS TIMESTAMPTZ) AS released_at
               FROM core.recharging_point"""
        )
        con.execute((PROJECT / "include/sql/prelude.sql").read_text(encoding="utf-8"))
        rules = (PROJECT / "include/sql/match/recharging_point.sql").read_text(encoding="utf-8")
        con.execute(f"CREATE TEMP TABLE matched AS {rules.strip().rstrip(';')}")
        yield con


@pytest.fixture(scope="module")
def verdicts(matched: duckdb.DuckDBPyConnection) -> Verdicts:
    found = matched.execute("FROM matched")
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    keyed = {(row["dataset"], row["period"], row["point_id"]): row for row in rows}
    assert len(keyed) == len(rows), "a point has one verdict"
    return keyed


@pytest.mark.parametrize("case", CASES)
def test_a_rule_gives_the_verdict_that_its_case_says(verdicts: Verdicts, case: str) -> None:
    for row in (row for row in EXPECTED if row["case"] == case):
        got = verdicts.get((row["dataset"], row["period"], row["point_id"]))
        if not row["verdict"]:
            assert got is None, f"{row['dataset']} {row['point_id']}: {got}"
            continue
        assert got is not None, f"{row['dataset']} {row['point_id']} has no verdict"
        assert (got["verdict"], got["rule"], got["confidence"], f"{got['other_dataset']} {got['other_point_id']}") == (
            row["verdict"], row["rule"], float(row["confidence"]), row["other"],
        )  # fmt: skip
        assert got["distance_m"] == pytest.approx(float(row["distance_m"]), abs=0.01)


def test_no_point_beyond_the_cases_is_judged(verdicts: Verdicts) -> None:
    assert len(verdicts) == sum(bool(row["verdict"]) for row in EXPECTED)


def test_of_points_that_are_one_exactly_one_is_published(matched: duckdb.DuckDBPyConnection) -> None:
    matched.execute("INSERT INTO quality.recharging_point_match BY NAME SELECT * FROM matched")
    published = set(matched.execute("SELECT _dataset, point_id FROM core.published_recharging_point").fetchall())
    in_force = [row for row in EXPECTED if row["period"] == "2026-11-20"]
    assert published == {
        (row["dataset"], row["point_id"]) for row in in_force if not row["verdict"].startswith("removed_")
    }
    assert len(in_force) - len(published) == 13
