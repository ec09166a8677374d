"""What becomes of the German register: a row for each recharging point, worked out by hand from the cases of tests/decode."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from .csv_registers import Row, case, contract_columns, rows_of


@pytest.fixture(scope="module")
def points() -> list[Row]:
    return rows_of("bnetza-register", "recharging_point", case("bnetza-register", "layout-2025"), "Europe/Berlin")


def test_the_sql_gives_what_the_contract_asks(points: list[Row]) -> None:
    frame = {"_file", "_record", "_point", "station_name", "site_name", "station_power_kw", "connectors", "_problems", "_fixes"}  # fmt: skip
    assert set(points[0]) == contract_columns("recharging_point") | frame


def test_a_device_gives_as_many_rows_as_it_has_points(points: list[Row]) -> None:
    assert [(row["_record"], row["_point"]) for row in points] == [
        (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2), (4, 3),
    ]  # fmt: skip


def test_plugs_of_a_group_are_connectors_whose_powers_pair_by_position(points: list[Row]) -> None:
    row = points[0]
    assert [(c["connector_type"], c["connector_format"], c["current_type"], c["power_kw"]) for c in row["connectors"]] == [
        ("iec62196T2", "socket", "AC", 22.0), ("domesticF", "socket", "AC", 3.7),
    ]  # fmt: skip
    assert (row["power_kw"], row["connector_count"], row["connector_types"]) == (22.0, 2, ["domesticF", "iec62196T2"])
    assert (row["evse_id"], row["point_id"], row["station_id"]) == ("DEXYZE00011", "DEXYZE00011", "900001")
    assert (row["street_address"], row["is_open_24_7"], row["lifecycle_status"]) == ("Lindenallee", True, "operational")
    assert (row["authentication_methods"], row["payment_methods"]) == (["rfid"], ["adHoc", "contract"])
    assert row["commissioned_on"] == datetime.date(2025, 11, 7)
    assert (row["_problems"], row["_fixes"], row["station_power_kw"]) == ([], [], 22.0)


def test_an_evse_id_that_two_points_of_a_device_share_names_neither(points: list[Row]) -> None:
    assert [row["point_id"] for row in points[2:4]] == ["900002#1", "900002#2"]
    assert [row["evse_id"] for row in points[2:4]] == ["DEABCE77", "DEABCE77"]


def test_a_power_of_zero_is_missing_and_said(points: list[Row]) -> None:
    assert (points[2]["power_kw"], points[3]["power_kw"]) == (175.0, None)
    assert "power_kw" in [fix["field"] for fix in points[3]["_fixes"]]


def test_an_unknown_way_to_pay_is_other_and_said(points: list[Row]) -> None:
    assert points[2]["payment_methods"] == ["other", "paymentCard"]
    assert [(fix["field"], fix["was"]) for fix in points[2]["_fixes"]] == [("payment_methods", "Muschelgeld")]
    assert points[2]["access_type"] == "restricted"


def test_more_groups_than_points_are_plugs_of_the_last_point(points: list[Row]) -> None:
    row = points[4]
    assert [c["connector_format"] for c in row["connectors"]] == ["socket", "cable"]
    assert (row["power_kw"], row["is_open_24_7"]) == (22.0, False)


def test_points_that_no_group_describes_have_no_power_and_no_plugs(points: list[Row]) -> None:
    row = points[7]
    assert (row["power_kw"], row["connector_count"], row["current_type"]) == (None, None, None)


def test_what_cannot_be_read_is_named(points: list[Row]) -> None:
    assert points[5]["_problems"] == ["unreadable_coordinates", "unreadable_date"]
    assert set(points[6]["_problems"]) >= {"unreadable_power", "unmapped_connector_type"}


def test_devices_described_alike_are_several_devices() -> None:
    rows = rows_of(
        "bnetza-register", "recharging_point", case("bnetza-register", "layout-2021-latin-1"), "Europe/Berlin"
    )
    ids = [row["point_id"] for row in rows]
    assert len(set(ids)) == 4
    assert [identifier[-4:] for identifier in ids] == ["-1#1", "-1#2", "-2#1", "-2#2"]
    assert all(identifier.startswith("made:") for identifier in ids)
    assert rows[0]["commissioned_on"] == datetime.date(2020, 1, 11)
    assert rows[0]["operator_name"] == "Überlandwerk Süd"


def test_the_same_file_gives_the_same_ids_again() -> None:
    payload = case("bnetza-register", "layout-2021-latin-1")
    first, second = (rows_of("bnetza-register", "recharging_point", payload) for _ in range(2))
    assert [row["point_id"] for row in first] == [row["point_id"] for row in second]


def test_the_export_with_longitude_first_and_american_dates_is_read() -> None:
    first, second = rows_of("bnetza-register", "recharging_point", case("bnetza-register", "us-export"))
    assert (first["latitude_deg"], first["longitude_deg"]) == (52.53, 13.37)
    assert (first["street_address"], first["postal_code"], first["city"]) == ("Ring 5", "10115", "Berlin")
    assert first["commissioned_on"] == datetime.date(2009, 7, 14)
    assert (first["connector_types"], first["power_kw"]) == (["chademo", "iec62196T2COMBO"], 50.0)
    assert second["power_kw"] == 3.7


@pytest.mark.parametrize(
    ("other", "day"), [("15/11/2019", datetime.date(2019, 10, 12)), ("11/15/2019", datetime.date(2019, 12, 10))]
)
def test_a_day_that_cannot_be_a_month_says_the_order_of_a_files_dates(
    other: str, day: datetime.date, tmp_path: Path
) -> None:
    payload = tmp_path / "register.csv"
    header = "Betreiber;Breitengrad;Längengrad;Inbetriebnahmedatum;Anzahl Ladepunkte;Steckertypen1;P1 [kW]"
    payload.write_text(
        f"{header}\nA;48,1;9,1;12/10/2019;1;AC Typ 2;22\nB;48,2;9,1;{other};1;AC Typ 2;22\n", encoding="utf-8"
    )
    first, second = rows_of("bnetza-register", "recharging_point", payload)
    assert (first["commissioned_on"], second["commissioned_on"]) == (day, datetime.date(2019, 11, 15))
    assert first["_problems"] == second["_problems"] == []
