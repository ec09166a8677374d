"""The frame: verdicts that add up, corrections with their guard, duplicates, and what refuses a table's suite."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.release.rows import EXTRAS

from euregio import stages
from euregio.declarations.corrections import Correction
from euregio.declarations.tables import load_table
from euregio.errors import DeclarationError
from euregio.harmonise import run
from euregio.settings import Settings
from euregio.storage.duck import connect

POINT = load_table("recharging_point")
FIXED = {
    "point_id": "'P' || n", "station_id": "'S1'", "country_code": "'XX'", "latitude_deg": "51.5", "longitude_deg": "6.25 + n / 1000.0",
    "power_kw": "22.0", "power_method": "'declared'", "current_type": "'AC'", "_file": "'f'", "_record": "n", "_point": "1",
    "connectors": "[]", "_problems": "CAST([] AS VARCHAR[])", "_fixes": "[]", "updated_at": "TIMESTAMPTZ '2026-01-01 00:00:00+00'",
}  # fmt: skip
Frame = Callable[..., dict[int, tuple[str, list[str], dict[str, Any]]]]


@pytest.fixture
def frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frame:
    """Run the frame over `rows` rows with SQL expressions (of n, from 1) in place of sound values: verdicts by record."""
    con = connect(Settings(home=tmp_path), "spatial")

    def judged(
        rows: int, failures: str | None = None, corrections: tuple[Correction, ...] = (), **values: str
    ) -> dict[int, Any]:
        types = {c.name: c.type for c in POINT.columns if c.name not in ("nuts3_code", "place_method")}
        types |= {name: type_ for name, type_ in EXTRAS.items() if name not in ("_verdict", "_reasons", "_corrections")}
        types |= {"_problems": "VARCHAR[]", "_fixes": "STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]"}
        given = {**FIXED, **values}
        sql = tmp_path / "made.sql"
        sql.write_text(
            "SELECT "
            + ", ".join(f"CAST({given.get(n, 'NULL')} AS {t}) AS {n}" for n, t in types.items())
            + " FROM (SELECT *, _record AS n FROM decoded)"
        )
        monkeypatch.setattr(run, "sql_file", lambda _format, _table: sql)
        decoded = tmp_path / "decoded.parquet"
        con.execute(
            f"COPY (SELECT 'f' AS _file, n AS x FROM range(1, {rows + 1}) AS t(n) ORDER BY n) TO '{decoded}' (FORMAT parquet)"
        )
        failed = None
        if failures:
            failed = tmp_path / "failures.parquet"
            con.execute(f"COPY ({failures}) TO '{failed}' (FORMAT parquet)")
        task = run.Task(
            "made", POINT, [decoded], failed, stages.judge_of(POINT), "xx.charging__made", "XX", None, None, corrections
        )
        found = run.harmonise(con, task, tmp_path / "rows.parquet")
        assert found.rows == found.admitted + found.corrected + found.quarantined
        table = (
            con.sql(f"FROM read_parquet('{tmp_path}/rows.parquet') ORDER BY _record, _point")
            .to_arrow_table()
            .to_pylist()
        )
        verdicts = [row["_verdict"] for row in table]
        assert [verdicts.count(v) for v in ("admitted", "corrected", "quarantined")] == [
            found.admitted,
            found.corrected,
            found.quarantined,
        ]
        judged.last = found  # type: ignore[attr-defined]
        return {row["_record"]: (row["_verdict"], row["_reasons"], row) for row in table}

    return judged


def correction(**changes: Any) -> Correction:
    facts = {
        "id": "town",
        "match": {"point_id": "P2"},
        "set": {"city": "Bonn", "power_kw": 11.0},
        "expect": {"city": "Bnn"},
        "why": "the town's own list",
    }
    return Correction.model_validate({**facts, **changes})


def test_sound_rows_are_admitted_and_failing_ones_name_every_reason(frame: Frame) -> None:
    rows = frame(
        4,
        power_kw="CASE n WHEN 2 THEN -1 WHEN 3 THEN 99999 ELSE 22 END",
        current_type="CASE n WHEN 3 THEN 'XC' ELSE 'AC' END",
    )
    assert [rows[n][0] for n in (1, 2, 3, 4)] == ["admitted", "quarantined", "quarantined", "admitted"]
    assert rows[1][1] == []
    assert rows[3][1] == ["current_type_not_in_list", "power_kw_out_of_bounds"]


def test_problems_that_the_sql_finds_and_failures_of_the_formats_suite_reach_their_rows(frame: Frame) -> None:
    rows = frame(
        5, failures="SELECT 'f' AS _file, 4 AS _record, ['row_of_wrong_shape'] AS _reasons",
        _problems="CASE n WHEN 2 THEN ['unmapped_connector_type', 'unmapped_connector_type'] ELSE [] END",
    )  # fmt: skip
    assert {n: rows[n][1] for n in rows} == {
        1: [],
        2: ["unmapped_connector_type"],
        3: [],
        4: ["row_of_wrong_shape"],
        5: [],
    }


def test_a_fix_of_the_sql_makes_a_row_corrected_and_a_reason_weighs_more(frame: Frame) -> None:
    fix = "[{'field': 'power_kw', 'was': '22000', 'now': '22', 'why': 'volts and amperes say so'}]"
    rows = frame(3, _fixes=f"CASE WHEN n > 1 THEN {fix} ELSE [] END", power_kw="CASE n WHEN 3 THEN -5 ELSE 22 END")
    assert [rows[n][0] for n in (1, 2, 3)] == ["admitted", "corrected", "quarantined"]
    assert rows[2][2]["_corrections"][0]["was"] == "22000"


def test_a_declared_correction_says_what_from_to_and_why(frame: Frame) -> None:
    rows = frame(3, corrections=(correction(),), city="'Bnn'")
    assert [rows[n][0] for n in (1, 2, 3)] == ["admitted", "corrected", "admitted"]
    assert (rows[2][2]["city"], rows[2][2]["power_kw"]) == ("Bonn", 11.0)
    assert rows[2][2]["_corrections"] == [
        {"field": "city", "was": "Bnn", "now": "Bonn", "why": "the town's own list"},
        {"field": "power_kw", "was": "22.0", "now": "11.0", "why": "the town's own list"},
    ]
    assert frame.last.outdated_corrections == []  # type: ignore[attr-defined]


def test_a_correction_whose_mistake_is_gone_is_left_out_and_reported(frame: Frame) -> None:
    rows = frame(3, corrections=(correction(), correction(id="gone", match={"point_id": "P9"})), city="'Bonn am Rhein'")
    assert rows[2][0] == "admitted"
    assert rows[2][2]["city"] == "Bonn am Rhein"
    assert frame.last.outdated_corrections == ["town"]  # type: ignore[attr-defined]


def test_a_correction_can_expect_nothing_and_set_nothing(frame: Frame) -> None:
    rows = frame(
        2, corrections=(correction(set={"street_address": None, "city": "O'Hara; --"}, expect={"city": None}),)
    )
    assert (rows[2][0], rows[2][2]["city"]) == ("corrected", "O'Hara; --")


def test_a_correction_of_a_column_that_is_not_there_is_an_error(frame: Frame) -> None:
    with pytest.raises(DeclarationError, match=r"correction town.*town_name"):
        frame(2, corrections=(correction(set={"town_name": "Bonn"}),))


@pytest.mark.parametrize("per_pass", [4_000_000, 2])
def test_of_rows_with_one_key_the_latest_stays_and_the_others_say_why_they_go(
    frame: Frame, monkeypatch: pytest.MonkeyPatch, per_pass: int
) -> None:
    monkeypatch.setattr(run, "_ROWS_PER_PASS", per_pass)
    rows = frame(
        9, point_id="CASE WHEN n <= 3 THEN 'A' WHEN n <= 5 THEN 'B' WHEN n <= 7 THEN 'C' ELSE 'P' || n END",
        longitude_deg="6.25", updated_at="CASE WHEN n = 2 THEN TIMESTAMPTZ '2026-05-05 00:00:00+00' ELSE TIMESTAMPTZ '2026-01-01 00:00:00+00' END",
        city="CASE WHEN n = 5 THEN 'Bonn' END", power_kw="CASE WHEN n = 6 THEN -1 ELSE 22 END",
    )  # fmt: skip
    assert {n: rows[n][1] for n in rows} == {
        1: ["removed_because_older"], 2: [], 3: ["removed_because_older"], 4: [], 5: ["removed_because_later"],
        6: ["power_kw_out_of_bounds"], 7: [], 8: [], 9: [],
    }  # fmt: skip


def test_identical_rows_are_repeats_and_one_stays(frame: Frame) -> None:
    rows = frame(3, point_id="'A'", longitude_deg="6.25")
    assert [rows[n][1] for n in (1, 2, 3)] == [[], ["removed_because_repeated"], ["removed_because_repeated"]]


def test_verdicts_add_up_whatever_the_rows(frame: Frame) -> None:
    rows = frame(
        500, failures="SELECT 'f' AS _file, n AS _record, ['odd'] AS _reasons FROM range(1, 500, 7) AS t(n)",
        point_id="CASE WHEN n % 11 = 0 THEN NULL ELSE 'P' || (n % 90) END", power_kw="CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN -n ELSE n END",
        latitude_deg="CASE n % 13 WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN 1e9 ELSE 51.5 END",
        _problems="CASE WHEN n % 17 = 0 THEN ['p'] ELSE [] END",
    )  # fmt: skip
    assert len(rows) == 500
    for number, (verdict, reasons, row) in rows.items():
        assert (verdict == "quarantined") == bool(reasons), number
        assert reasons == sorted(set(reasons))
        assert (number % 7 == 1) == ("odd" in reasons)
        assert verdict != "admitted" or row["_corrections"] == []


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        (
            {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "evse_id"}, "severity": "warning"},
            "single row",
        ),
        (
            {
                "type": "expect_column_mean_to_be_between",
                "kwargs": {"column": "power_kw", "min_value": 1},
                "severity": "warning",
            },
            "single row",
        ),
        (
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "nowhere"}, "severity": "info"},
            "nowhere",
        ),
    ],
)
def test_a_warning_that_one_row_does_not_decide_is_refused_not_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: dict[str, Any], part: str
) -> None:
    (tmp_path / "tables").mkdir()
    suite = {"name": "recharging_point", "expectations": [{**rule, "meta": {"reason": "made_up"}}]}
    (tmp_path / "tables" / "recharging_point.json").write_text(json.dumps(suite))
    monkeypatch.setattr(stages, "EXPECTATIONS", tmp_path)
    with pytest.raises(DeclarationError, match=part) as error:
        stages.judge_of(POINT)({c.name: c.type for c in POINT.columns})
    assert "made_up" in str(error.value)


def test_the_text_of_the_frames_sql_is_one_statement() -> None:
    for path in (run.SQL / "frame").glob("*.sql"):
        assert len(duckdb.extract_statements(path.read_text())) == 1
