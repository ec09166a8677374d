"""What a zone shows of a problem: numbers of records always, rows only where the policy lets them."""

import json

import duckdb
import pytest

from euregio.alerts import evidence
from euregio.declarations.datasets import dataset
from euregio.declarations.tables import load_table
from euregio.settings import Settings
from euregio.storage.zones import Zones

DECLARED = dataset("nl.charging__dot_nl")
TABLE = load_table("recharging_point")
ROWS = "batches/2026-11-20/b/rows-recharging_point.parquet"


@pytest.fixture
def zone(tmp_path):
    zone = Zones(str(tmp_path / "zones")).of("nl", DECLARED.id)
    columns = ", ".join(
        f"{'NULL' if column.type != 'VARCHAR' else repr('value of ' + column.name)}::{column.type} AS {column.name}"
        for column in TABLE.columns
    )
    with zone.writing(ROWS) as out:
        duckdb.sql(
            f"SELECT {columns}, range + 1 AS _record, 'f' AS _file, "
            "CASE WHEN range % 2 = 0 THEN 'quarantined' ELSE 'admitted' END AS _verdict, "
            "CASE WHEN range % 2 = 0 THEN ['swapped_coordinates'] ELSE [] END AS _reasons FROM range(50)"
        ).write_parquet(str(out))
    return zone


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def test_the_numbers_of_the_first_records_are_given_for_each_reason(zone, settings) -> None:
    assert evidence.records(zone, ROWS, settings) == {"swapped_coordinates": [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]}


def test_rows_are_shown_in_the_columns_that_cross(zone, settings) -> None:
    rows = evidence.sample_rows(zone, DECLARED, TABLE, ROWS, settings)
    assert 0 < len(rows) <= 3
    assert "operator_name" in json.loads(rows[0])
    fields = tuple(name for name in DECLARED.release.fields if name != "operator")
    narrow = DECLARED.model_copy(update={"release": DECLARED.release.model_copy(update={"fields": fields})})
    assert "operator_name" not in json.loads(evidence.sample_rows(zone, narrow, TABLE, ROWS, settings)[0])


def test_rows_that_the_policy_keeps_back_are_not_shown(zone, settings) -> None:
    none = DECLARED.model_copy(update={"release": DECLARED.release.model_copy(update={"rows": "power_kw > 50"})})
    assert evidence.sample_rows(zone, none, TABLE, ROWS, settings) == []


@pytest.mark.parametrize("access", ["partner", "operational", "critical"])
def test_no_row_is_shown_of_what_is_not_open(zone, settings, access: str) -> None:
    closed = DECLARED.model_copy(update={"release": DECLARED.release.model_copy(update={"access": access})})
    assert evidence.sample_rows(zone, closed, TABLE, ROWS, settings) == []


def test_no_row_is_shown_without_licence_or_policy(zone, settings) -> None:
    for lacking in ({"licence": None}, {"release": None}):
        assert evidence.sample_rows(zone, DECLARED.model_copy(update=lacking), TABLE, ROWS, settings) == []


def test_no_row_is_shown_where_the_zone_is_elsewhere(tmp_path, settings) -> None:
    empty = Zones(str(tmp_path / "other")).of("nl", DECLARED.id)
    assert evidence.sample_rows(empty, DECLARED, TABLE, ROWS, settings) == []
