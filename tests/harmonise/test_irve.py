"""What becomes of French registers: rows of the common model, worked out by hand from the cases of tests/decode."""

from __future__ import annotations

import datetime

import pytest

from .csv_registers import Row, case, contract_columns, rows_of

UTC = datetime.UTC


@pytest.fixture(scope="module")
def points() -> list[Row]:
    return rows_of("irve-static", "recharging_point", case("irve-static", "schema-2.3"))


def test_the_sql_gives_what_the_contract_asks(points: list[Row]) -> None:
    frame = {"_file", "_record", "_point", "station_name", "site_name", "station_power_kw", "connectors", "_problems", "_fixes"}  # fmt: skip
    assert set(points[0]) == contract_columns("recharging_point") | frame


def test_a_sound_record_is_a_row_without_problems(points: list[Row]) -> None:
    row = points[0]
    assert (row["point_id"], row["evse_id"], row["station_id"], row["operator_id"]) == (
        "FRXYZE0001", "FRXYZE0001", "FRXYZP0001", "FRXYZ",
    )  # fmt: skip
    assert (row["latitude_deg"], row["longitude_deg"], row["country_code"]) == (45.75, 4.85, "FR")
    assert (row["power_kw"], row["power_method"], row["current_type"]) == (22.0, "declared", "AC")
    assert row["connector_types"] == ["domesticE", "iec62196T2"]
    assert [c["connector_format"] for c in row["connectors"]] == ["socket", "cable"]
    assert [c["power_kw"] for c in row["connectors"]] == [None, None]
    assert (row["access_type"], row["is_open_24_7"], row["payment_methods"]) == ("public", True, ["adHoc"])
    assert row["commissioned_on"] == datetime.date(2020, 1, 14)
    assert row["updated_at"] == datetime.datetime(2024, 4, 4, 22, tzinfo=UTC)
    assert (row["_problems"], row["_fixes"]) == ([], [])


def test_booleans_ids_and_addresses_are_read_in_their_other_writings(points: list[Row]) -> None:
    row = points[1]
    assert (row["evse_id"], row["evse_id_raw"]) == ("FRXYZE0002", "FR*XYZ*E0002")
    assert (row["connector_types"], row["current_type"]) == (["chademo", "iec62196T2COMBO"], "DC")
    assert (row["street_address"], row["postal_code"], row["city"]) == ("Rue Guillaume", "74000", "Annecy")
    assert (row["latitude_deg"], row["longitude_deg"]) == (45.902, 6.1298)
    assert (row["access_type"], row["is_open_24_7"]) == ("restricted", False)
    assert row["_problems"] == []


def test_a_point_without_a_roaming_id_has_its_local_one(points: list[Row]) -> None:
    row = points[2]
    assert (row["point_id"], row["evse_id"], row["station_id"]) == ("ST-3#PDC-7", None, "ST-3")


def test_a_power_of_zero_is_missing_and_said(points: list[Row]) -> None:
    row = points[2]
    assert (row["power_kw"], row["power_method"]) == (None, None)
    assert [(fix["field"], fix["was"], fix["now"]) for fix in row["_fixes"]] == [("power_kw", "0", None)]


def test_what_cannot_be_read_is_named(points: list[Row]) -> None:
    assert points[2]["_problems"] == ["unreadable_boolean"]
    assert set(points[3]["_problems"]) == {"unreadable_coordinates", "unmapped_access", "unreadable_date"}
    assert points[5]["_problems"] == ["unreadable_power"]


def test_units_are_read_where_written_and_never_guessed(points: list[Row]) -> None:
    assert points[3]["power_kw"] == 22.0
    assert points[4]["power_kw"] == 22000.0


def test_a_car_park_for_customers_is_restricted(points: list[Row]) -> None:
    assert points[4]["access_type"] == "restricted"
    assert points[4]["payment_methods"] == ["adHoc", "free", "other", "paymentCard"]
    assert points[4]["commissioned_on"] == datetime.date(2020, 1, 14)


def test_a_point_without_any_id_has_none_made_up(points: list[Row]) -> None:
    assert points[5]["point_id"] is None
    assert points[5]["station_id"].startswith("made:")


def test_files_of_schema_2_0_are_read_in_either_order_overseas_too() -> None:
    rows = rows_of("irve-static", "recharging_point", case("irve-static", "schema-2.0"))
    assert [(row["latitude_deg"], row["longitude_deg"]) for row in rows] == [
        (45.75, 4.85), (45.75, 4.85), (-20.9, 55.45), (-12.8, 45.2), (16.2, -61.5), (-12.8, 45.2), (48.4, -4.5),
    ]  # fmt: skip
    assert all(row["connectors"][1]["connector_format"] is None for row in rows)


def test_schema_3_says_place_and_power_in_other_columns_and_knows_megawatt_plugs() -> None:
    first, second = rows_of("irve-static", "recharging_point", case("irve-static", "schema-3.0"))
    assert (first["latitude_deg"], first["longitude_deg"], first["postal_code"]) == (45.75, 4.85, "69003")
    assert (first["power_kw"], first["station_power_kw"], first["current_type"]) == (22.0, 1200.0, "AC")
    assert first["updated_at"] == datetime.datetime(2026, 4, 5, tzinfo=UTC)
    assert (second["connector_types"], second["current_type"]) == (["iec62196T2COMBO", "mcs"], "DC")
    assert first["_problems"] == second["_problems"] == []


def test_coordinates_of_the_consolidation_serve_where_the_native_are_unreadable() -> None:
    (row,) = rows_of("irve-static", "recharging_point", case("irve-static", "consolidated"))
    assert (row["latitude_deg"], row["longitude_deg"]) == (45.75, 4.85)
    assert (row["postal_code"], row["city"], row["_problems"]) == ("69003", "Lyon", [])


def test_version_1_is_read_as_far_as_it_can_be_known() -> None:
    first, second, third, shifted, cable = rows_of("irve-static", "recharging_point", case("irve-static", "version-1"))
    assert (first["evse_id"], first["power_kw"], first["connector_types"]) == (
        "FRA15E010890011", 22.0, ["domesticE", "iec62196T2"],
    )  # fmt: skip
    assert (first["is_open_24_7"], first["access_type"], first["payment_methods"]) == (True, None, None)
    assert (second["power_kw"], second["current_type"], second["payment_methods"]) == (50.0, "DC", ["free"])
    assert second["connector_types"] == ["chademo", "iec62196T2", "iec62196T2COMBO"]
    assert (second["updated_at"], [fix["field"] for fix in second["_fixes"]]) == (None, ["updated_at"])
    assert (third["power_kw"], third["_problems"], third["opening_hours"]) == (3.7, ["unmapped_connector_type"], None)
    assert set(shifted["_problems"]) == {"unreadable_power", "unmapped_connector_type"}
    assert [(c["connector_type"], c["connector_format"]) for c in cable["connectors"]] == [
        ("iec62196T2", "cable"), ("iec62196T3C", None), ("domesticE", None),
    ]  # fmt: skip


def test_a_local_day_of_change_needs_the_zone() -> None:
    row = rows_of("irve-static", "recharging_point", case("irve-static", "schema-2.3"), zone="")[0]
    assert row["updated_at"] is None


@pytest.fixture(scope="module")
def observations() -> list[Row]:
    return rows_of("irve-dynamic", "status_observation", case("irve-dynamic", "plain"))


def test_the_sql_of_observations_gives_what_the_contract_asks(observations: list[Row]) -> None:
    assert set(observations[0]) == contract_columns("status_observation") | {
        "_file",
        "_record",
        "_point",
        "_problems",
        "_fixes",
    }


def test_working_state_and_occupancy_make_one_status(observations: list[Row]) -> None:
    assert [row["status"] for row in observations] == [
        "available", "occupied", "out_of_service", "unknown", "occupied", None, "available", "reserved", "unknown", "reserved",
    ]  # fmt: skip
    assert observations[5]["_problems"] == ["unmapped_status"]
    assert observations[5]["status_raw"] == "en_service/dansant"


def test_instants_are_utc_with_any_offset_and_local_ones_by_the_zone(observations: list[Row]) -> None:
    noon = datetime.datetime(2024, 10, 18, 12, 35, 49, tzinfo=UTC)
    assert [row["observed_at"] for row in observations[:3]] == [noon, noon, noon]
    assert observations[6]["observed_at"] == datetime.datetime(2024, 7, 18, 10, 35, 49, tzinfo=UTC)
    assert observations[7]["_problems"] == ["unreadable_time"]
    assert observations[9]["observed_at"] == noon.replace(microsecond=250_000)


def test_an_observation_without_a_time_is_of_when_it_was_fetched(observations: list[Row]) -> None:
    row = observations[8]
    assert row["observed_at"] == datetime.datetime(2026, 7, 8, 13, tzinfo=UTC)
    assert row["observed_at_method"] == "retrieved"


def test_a_local_time_without_zone_is_not_guessed() -> None:
    row = rows_of("irve-dynamic", "status_observation", case("irve-dynamic", "plain"), zone="")[6]
    assert (row["observed_at"], row["_problems"]) == (None, ["time_without_zone"])


def test_an_id_of_a_pool_is_kept_but_is_no_evse_id(observations: list[Row]) -> None:
    row = observations[9]
    assert (row["point_id"], row["evse_id"], row["evse_id_raw"]) == ("FRXYZP0009", None, "FRXYZP0009")
