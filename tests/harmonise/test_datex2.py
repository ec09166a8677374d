"""DATEX II energy tables and statuses become rows of the common model: what is read from where, and what is a problem."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .csv_registers import Row, case, contract_columns, rows_of

TABLE, STATUS = "datex2-energy-table", "datex2-energy-status"
FRAME = {"_file", "_record", "_point", "_problems", "_fixes"}


def table(**changes: Any) -> Row:
    """The first point of the JSON case after changes: keys are `site`, `station`, `point` and `connector`, values merge."""
    return first("recharging_point", **changes)[0]


def first(of: str, **changes: Any) -> list[Row]:
    """The rows of a table that the changed case gives."""
    document = json.loads(case(TABLE, "afir-json").read_text(encoding="utf-8"))
    publication = document["messageContainer"]["payload"][0]["aegiEnergyInfrastructureTablePublication"]
    site = publication["energyInfrastructureTable"][0]["energyInfrastructureSite"][1]
    station = site["energyInfrastructureStation"][0]
    point = station["refillPoint"][0]["aegiElectricChargingPoint"]
    for name, target in {"publication": publication, "site": site, "station": station, "point": point,
                         "connector": point["connector"][0]}.items():  # fmt: skip
        target.update(copy.deepcopy(changes.get(name, {})))
    if changes.get("one_connector"):
        del point["connector"][1:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return rows_of(TABLE, of, path, zone=changes.get("zone", "Europe/Brussels"))


def test_the_sql_gives_the_columns_of_its_contract() -> None:
    for format_name, name, of, more in (
        (TABLE, "odd-prefixes", "recharging_point", {"station_name", "site_name", "station_power_kw", "connectors"}),
        (TABLE, "odd-prefixes", "tariff", set()),
        (STATUS, "afir-xml", "status_observation", set()),
    ):
        (row, *_) = rows_of(format_name, of, case(format_name, name))
        assert set(row) == contract_columns(of) | FRAME | more


def test_a_point_takes_from_station_and_site_what_it_does_not_say_itself() -> None:
    (row,) = rows_of(TABLE, "recharging_point", case(TABLE, "odd-prefixes"))
    expected = {
        "point_id": "BEXYZE11", "evse_id": "BEXYZE11", "evse_id_raw": "BE*XYZ*E1*1", "publisher_point_id": None, "station_id": "station-1", "site_id": "site-1",
        "operator_name": "Stroom & Co", "operator_id": "BEXYZ", "country_code": "BE", "latitude_deg": 50.879, "longitude_deg": 4.701,
        "street_address": "Plein 7", "postal_code": "3000", "city": "Leuven", "power_kw": 50.0, "power_method": "declared",
        "current_type": "DC", "connector_count": 2, "connector_types": ["iec62196T2", "iec62196T2COMBO"], "is_open_24_7": True,
        "opening_hours": "24/7", "payment_methods": ["adHoc", "paymentCard"], "site_name": "Het plein", "station_power_kw": 60.0,
        "_problems": ["unmapped_authentication"], "_fixes": [],
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["updated_at"] == datetime(2026, 4, 30, 8, tzinfo=UTC)
    assert [c["connector_format"] for c in row["connectors"]] == ["cable", None]


def test_xml_and_json_of_the_same_points_give_the_same_rows() -> None:
    (xml,), (js,) = (rows_of(TABLE, "recharging_point", case(TABLE, name)) for name in ("odd-prefixes", "afir-json"))
    differ = {name for name in xml if xml[name] != js[name]}
    assert differ == {"connectors"}  # the XML case names the format of a connector


def test_hydrogen_has_no_row() -> None:
    assert len(rows_of(TABLE, "recharging_point", case(TABLE, "afir-json"))) == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"connector": {"connectorType": {"value": "gardenHose"}}}, "unmapped_connector_type"),
        ({"connector": {"connectorFormat": {"value": "wireless"}}}, "unmapped_connector_format"),
        ({"connector": {"maxPowerAtSocket": "50 horses"}}, "unreadable_power"),
        ({"connector": {"voltage": "high"}}, "unreadable_voltage"),
        ({"point": {"currentType": {"value": "both"}}}, "unmapped_current_type"),
        ({"point": {"lastUpdated": "yesterday"}}, "unreadable_time"),
        ({"point": {"lastUpdated": "2026-04-30T10:00:00"}, "zone": ""}, "time_without_zone"),
        ({"site": {"exclusiveUsers": [{"value": "martians"}]}}, "unmapped_users"),
        ({"site": {"locationReference": {"locPointLocation": {"coordinatesForDisplay": {"latitude": "50°", "longitude": 4}}}}}, "unreadable_coordinates"),
        ({"point": {"rates": {"x": {"paymentMeans": [{"value": "shells"}]}}}}, "unmapped_payment"),
    ],
)  # fmt: skip
def test_what_is_there_and_cannot_be_read_is_a_problem(changes: dict[str, Any], problem: str) -> None:
    usual = {"station": {"authenticationAndIdentificationMethods": [{"value": "rfid"}]}}
    assert table(**usual)["_problems"] == []
    assert table(**usual, **changes)["_problems"] == [problem]


def test_power_comes_of_voltage_current_and_mode_where_it_is_absent_or_zero() -> None:
    electricity = {"maxPowerAtSocket": 0, "voltage": 400, "maximumCurrent": 32, "chargingMode": {"value": "mode3AC3p"}}
    row = table(connector={**electricity, "connectorType": {"value": "iec62196T2"}}, one_connector=True)
    assert row["power_kw"] == pytest.approx(22.17, abs=0.01)
    assert row["power_method"] == "computed"
    assert [fix["why"] for fix in row["_fixes"]] == ["0 W stands for a missing value"]


def test_an_address_of_labelled_lines_is_understood() -> None:
    lines = [{"type": {"value": "generalTextLine"}, "text": {"values": [{"lang": "es", "value": text}]}}
             for text in ("Provincia: Huelva", "Dirección: Calle Mayor 1", "Municipio: Moguer")]  # fmt: skip
    place = {"locPointLocation": {"x": {"address": {"postcode": "3170", "countryCode": "ES", "addressLine": lines}}}}
    row = table(site={"locationReference": place})
    assert (row["street_address"], row["city"], row["postal_code"]) == ("Calle Mayor 1", "Moguer", "03170")
    assert row["_fixes"][0]["was"] == "3170"


def test_a_name_is_an_evse_id_only_where_it_has_the_form_and_a_country() -> None:
    def named(name: str) -> Any:
        words = {"values": [{"value": name}]}
        return table(point={"idG": "0c9", "name": words})["evse_id"]

    assert named("ES*AEQ*ESAEQE5PFX311") == "ESAEQESAEQE5PFX311"
    assert named("ES*CRF*EPLAZAMAYOR") == "ESCRFEPLAZAMAYOR"
    assert named("PLAZA EUROPA") is None
    assert named("QQ*ABC*E12") is None
    assert named("12345678") is None


def test_a_polygon_serves_where_no_point_is_given() -> None:
    area = {"locAreaLocation": {"gmlMultiPolygon": {"gmlPolygon": [{"exterior": {"posList": "50 4 50 5 51 5 51 4"}}]}}}
    row = table(site={"locationReference": area})
    assert (row["latitude_deg"], row["longitude_deg"]) == (50.5, 4.5)


def test_a_longitude_copied_from_the_latitude_gives_way_to_the_place_of_the_site() -> None:
    copied = {"locPointLocation": {"coordinatesForDisplay": {"latitude": 50.8791, "longitude": 50.8791}}}
    row = table(station={"locationReference": copied})
    assert (row["latitude_deg"], row["longitude_deg"]) == (50.879, 4.701)
    assert row["_fixes"][0]["field"] == "longitude_deg"
    assert table(site={"locationReference": copied})["longitude_deg"] == 50.8791  # no other place: the judge refuses it


def test_the_country_is_the_address_else_the_publications() -> None:
    place = {"locPointLocation": {"coordinatesForDisplay": {"latitude": 50, "longitude": 4}}}
    assert table(site={"locationReference": place})["country_code"] == "BE"


@pytest.mark.parametrize(
    ("word", "code", "problems"),
    [("BE", "BE", []), ("BEL", "BE", []), ("PE", "PE", []), ("RE", "FR", []), ("XX", None, ["unmapped_country"])],
)
def test_a_country_that_is_none_is_a_problem_and_no_guess(word: str, code: str | None, problems: list[str]) -> None:
    place = {"locPointLocation": {"x": {"address": {"postcode": "3170", "countryCode": word}}}}
    row = table(
        site={"locationReference": place},
        station={"authenticationAndIdentificationMethods": [{"value": "rfid"}]},
    )
    assert (row["country_code"], row["_problems"]) == (code, problems)


def test_prices_are_tariff_components_with_their_conditions() -> None:
    energy, time = rows_of(TABLE, "tariff", case(TABLE, "odd-prefixes"))
    assert (energy["component"], energy["price_amount"], energy["price_per"], energy["is_tax_included"]) == (
        "energy",
        0.5,
        "kWh",
        True,
    )
    assert (time["component"], time["price_per"], time["conditions"]) == ("time", "min", '["fromMinute=60"]')
    assert energy["point_id"] == "BEXYZE11"
    assert energy["tariff_id"] == "r1"
    assert energy["rate_policy"] == "adHoc"


def test_rates_of_an_energy_product_are_rates_of_the_point() -> None:
    rate = {"idG": "r7", "applicableCurrency": ["EUR"], "payment": {"paymentMeans": [{"value": "emv"}]},
            "energyPrice": [{"priceType": {"value": "pricePerKWh"}, "value": 0.41, "taxIncluded": True}]}  # fmt: skip
    changes = {
        "point": {
            "rates": None,
            "energyProduct": [{"aegiElectricEnergy": {"isGreenEnergy": True, "energyRate": [rate]}}],
        }
    }
    assert [row["price_amount"] for row in first("tariff", **changes) if row["tariff_id"] == "r7"] == [0.41]
    assert "paymentCard" in table(**changes)["payment_methods"]


def test_an_evse_id_at_the_connector_is_the_points() -> None:
    own = [{"identifier": "BE*XYZ*E77*1", "typeOfIdentifier": {"value": "extendedG", "extendedValueG": "evseId"}}]
    beside = table(point={"idG": "point-77"}, connector={"externalIdentifier": own})
    assert (beside["point_id"], beside["evse_id"], beside["publisher_point_id"]) == (
        "BEXYZE771",
        "BEXYZE771",
        "point-77",
    )


@pytest.mark.parametrize(
    ("days", "end", "is_open"),
    [(7, "23:59:59.0000000+01:00", True), (7, "24:00:00", True), (6, "23:59:59", False), (7, "20:00:00", False), (0, "23:59:00", True)],
)  # fmt: skip
def test_seven_days_from_midnight_to_midnight_are_all_hours(days: int, end: str, is_open: bool) -> None:
    names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"][:days]
    times = [{"startTimeOfPeriod": "00:00:00", "endTimeOfPeriod": end}]
    periods = [{"recurringTimePeriodOfDay": times, "recurringDayWeekMonthPeriod": [{"comDayWeekMonth": {"applicableDay": [{"value": name}]}}]}
               for name in names] or [{"recurringTimePeriodOfDay": times}]  # fmt: skip
    hours = {"afacOperatingHoursSpecification": {"idG": "h", "overallPeriod": {"validPeriod": periods}}}
    assert table(site={"operatingHours": hours})["is_open_24_7"] is is_open


def test_a_class_without_its_package_and_a_text_in_a_text_are_read() -> None:
    document = json.loads(case(TABLE, "afir-json").read_text(encoding="utf-8"))
    text = json.dumps(document).replace("aegiElectricChargingPoint", "electricChargingPoint")
    leuven = '[{"lang": "nl", "value": "Leuven"}]'
    assert leuven in text
    text = text.replace(leuven, f'{{"values": {leuven}}}')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.json"
        path.write_text(text, encoding="utf-8")
        (row,) = rows_of(TABLE, "recharging_point", path)
    assert (row["point_id"], row["city"]) == ("BEXYZE11", "Leuven")


def test_a_status_is_true_for_the_nearest_time_that_is_said() -> None:
    first, second, third, station = rows_of(STATUS, "status_observation", case(STATUS, "afir-xml"))
    assert (first["status"], first["observed_at_method"], first["point_id"]) == ("occupied", "published", "BEXYZE11")
    assert (second["status"], second["observed_at_method"]) == ("out_of_service", "publication")
    assert second["observed_at"] == datetime(2026, 7, 8, 6, 42, 1, tzinfo=UTC)
    assert third["_problems"] == ["unmapped_status"]
    assert third["status"] is None
    assert station["_problems"] == ["status_not_of_a_point"]
    assert station["point_id"] is None


def test_planned_statuses_are_not_read() -> None:
    rows = rows_of(STATUS, "status_observation", case(STATUS, "afir-json"))
    assert [(row["status"], row["observed_at"].isoformat()) for row in rows] == [
        ("available", "2026-07-08T06:41:00+00:00"), ("out_of_service", "2026-07-08T04:30:00+00:00"),
    ]  # fmt: skip


def test_a_point_that_only_says_whether_it_works_is_out_of_service_or_unknown() -> None:
    text = case(STATUS, "afir-json").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for word, status in (("technicalDefect", "out_of_service"), ("inOperation", "unknown")):
            path = Path(folder) / f"{word}.json"
            path.write_text(
                re.sub(r'"status": *[{]"value": *"[a-zA-Z]+"', f'"operationStatus": {{"value": "{word}"', text),
                encoding="utf-8",
            )
            rows = rows_of(STATUS, "status_observation", path)
            assert {row["status"] for row in rows if row["point_id"] is not None} == {status}
            assert {row["status_raw"] for row in rows if row["point_id"] is not None} == {word}
