"""What publishers and their spreadsheets write, one small file for each: read right, or kept back with the right reason."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from euregio.commands.trial import try_file
from euregio.errors import DecodeError
from euregio.extract.decoded import decode_file
from euregio.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
IRVE = {
    "nom_operateur": "Op", "id_station_itinerance": "FRXYZP1", "coordonneesXY": "[2.35,48.85]", "nbre_pdc": "1",
    "puissance_nominale": "22", "prise_type_2": "true", "prise_type_combo_ccs": "false", "condition_acces": "Accès libre", "horaires": "24/7",
    "date_mise_en_service": "2023-01-02", "date_maj": "2024-05-06", "cable_t2_attache": "false",
}  # fmt: skip
BNETZA = {
    "Betreiber": "Stadtwerke", "Status": "In Betrieb", "Anzahl Ladepunkte": "1", "Nennleistung Ladeeinrichtung [kW]": "22",
    "Inbetriebnahmedatum": "01.02.2023", "Breitengrad": "52,53", "Längengrad": "13,38", "Steckertypen1": "AC Typ 2 Steckdose",
    "Nennleistung Stecker1": "22",
}  # fmt: skip
PLUG = {"id": "1", "standard": "IEC_62196_T2", "power_type": "AC_3_PHASE", "max_voltage": 230, "max_amperage": 32}
OICP = {
    "ChargingStationID": "S", "Address": {"Country": "CHE"}, "GeoCoordinates": {"Google": "46.95 7.44"}, "Plugs": ["Type 2 Outlet"],
    "ChargingFacilities": [{"power": 22, "powertype": "AC_3_PHASE"}], "IsOpen24Hours": True,
}  # fmt: skip


def irve(tried: Any, field: str, texts: list[str], **also: str) -> list[dict[str, Any]]:
    rows = [{"id_pdc_itinerance": f"FRXYZE{n}", **IRVE, **also, field: text} for n, text in enumerate(texts)]
    return tried("irve-static", rows).sample


def ocpi(tried: Any, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    locations = []
    for number, change in enumerate(changes):
        evse = {"uid": f"uid{number}", "evse_id": f"NL*ABC*E{number}", "status": "AVAILABLE", "connectors": [PLUG]}
        location = {"id": f"L{number}", "country": "NLD", "coordinates": {"latitude": "52.1", "longitude": "5.1"}, "evses": [evse]}  # fmt: skip
        evse |= change.pop("evse", {})
        locations.append(location | change)
    return tried("ocpi-locations", json.dumps(locations)).sample


@pytest.mark.parametrize(
    "text",
    ["[2.35, 48.85]", "[2.35;48.85]", "2.35 48.85", '["2.35","48.85"]', "(2.35,48.85)", "2,35 48,85", "[2,35,48,85]", "POINT(2.35 48.85)", "[2.35,48.85]\u200b"],
)  # fmt: skip
def test_coordinates_of_a_french_register_are_read_in_every_separator(tried: Any, text: str) -> None:
    (row,) = irve(tried, "coordonneesXY", [text])
    assert (row["latitude_deg"], row["longitude_deg"], row["_verdict"]) == (48.85, 2.35, "admitted")


def test_coordinates_that_are_not_two_numbers_are_kept_back(tried: Any) -> None:
    for row in irve(tried, "coordonneesXY", ["[2,3,4,5,6]", "1 2 3 4", "[1e400,48]", "[2.35]", "[NaN,NaN]"]):
        assert (row["latitude_deg"], "unreadable_coordinates" in row["_reasons"]) == (None, True)


def test_a_date_is_read_with_the_day_first_as_digits_and_as_spreadsheets_count(tried: Any) -> None:
    writings = ["02/01/23", "02-01-2023", "2/1/2023", "20230102", "44928", "44928.0", "02.01.2023 00:00"]
    assert {str(row["commissioned_on"]) for row in irve(tried, "date_mise_en_service", writings)} == {"2023-01-02"}


def test_a_date_beyond_all_calendars_keeps_back_its_row_and_ends_no_trial(tried: Any) -> None:
    writings = ["infinity", "-infinity", "99999-01-01", "0000-00-00", "01/01/0000"]
    for row in irve(tried, "date_mise_en_service", writings):
        assert (row["commissioned_on"], row["_reasons"]) == (None, ["unreadable_date"])


def test_open_at_all_hours_is_known_in_french_and_in_opening_hours_syntax(tried: Any) -> None:
    always = ["24h/24 7j/7", "7j/7 24h/24", "24h/24 et 7j/7", "Mo-Su,PH 00:00-24:00", "00:00-24:00"]
    assert [row["is_open_24_7"] for row in irve(tried, "horaires", always)] == [True] * len(always)
    assert [row["is_open_24_7"] for row in irve(tried, "horaires", ["Mo-Fr 00:00-24:00", "inconnu"])] == [False, None]


def test_points_and_commas_in_one_number_tell_the_thousands(tried: Any) -> None:
    rows = irve(tried, "puissance_nominale", ["1.234,5", "1,234.5", "22,5", "22.5"], prise_type_combo_ccs="true")
    assert [row["power_kw"] for row in rows] == [1234.5, 1234.5, 22.5, 22.5]


def test_words_for_nothing_and_hidden_characters_are_no_identifiers(tried: Any) -> None:
    rows = irve(tried, "id_pdc_itinerance", ["non concerné ", "NaN", "#N/A", "FR\u202eXYZ", "FR\u200bXYZE7", "FR\x07Y", "FRXYZE7\ufeff"])  # fmt: skip
    assert [row["_reasons"] for row in rows] == [
        ["point_id_missing"], ["identifier_of_nothing"], ["identifier_of_nothing"], *[["identifier_with_hidden_characters"]] * 3, [],
    ]  # fmt: skip
    assert rows[-1]["evse_id"] == "FRXYZE7"


def test_a_status_of_the_future_or_of_no_time_is_kept_back(tried: Any) -> None:
    times = [
        "2999-01-01T00:00:00Z",
        "290000-01-01T00:00:00Z",
        "2024-05-06T10:00:00+25:00",
        "2024-05-06T10:00:00+02",
        "2024-05-06T10:00+0200",
    ]
    rows = [
        {"id_pdc_itinerance": f"FRXYZE{n}", "etat_pdc": "en_service", "occupation_pdc": "libre", "horodatage": time}
        for n, time in enumerate(times)
    ]
    found = tried("irve-dynamic", rows, time_zone="Europe/Paris").sample
    assert found[0]["_reasons"] == ["observed_in_future"]
    assert [row["_reasons"] for row in found[1:3]] == [["observed_at_missing", "unreadable_time"]] * 2
    assert [row["observed_at"].isoformat() for row in found[3:]] == ["2024-05-06T08:00:00+00:00"] * 2


def test_the_german_register_is_read_with_spreadsheet_dates_and_words_for_nothing(tried: Any) -> None:
    dates = ["01.02.2023 00:00:00", "44958,0", "2023-02-01", "1.2.23"]
    rows = [{"Ladeeinrichtungs-ID": str(n), **BNETZA, "Inbetriebnahmedatum": text} for n, text in enumerate(dates)]
    rows.append(
        {
            "Ladeeinrichtungs-ID": "9",
            **BNETZA,
            "Nennleistung Stecker1": "k.A.",
            "Nennleistung Ladeeinrichtung [kW]": "-",
        }
    )
    found = tried("bnetza-register", rows).sample
    assert {str(row["commissioned_on"]) for row in found} == {"2023-02-01"}
    assert [row["power_kw"] for row in found] == [22, 22, 22, 22, None]
    assert {row["_verdict"] for row in found} == {"admitted"}


def test_a_location_that_is_not_to_be_published_is_kept_back_in_every_writing(tried: Any) -> None:
    rows = ocpi(tried, [{"publish": word} for word in (False, "false", 0, "no", "False", {}, "maybe")])
    assert {tuple(row["_reasons"]) for row in rows} == {("not_to_be_published",)}
    rows = ocpi(tried, [{"publish": word} for word in (True, "True", 1, None, "")])
    assert {row["_verdict"] for row in rows} == {"admitted"}


def test_power_in_kw_is_corrected_where_voltage_and_current_allow_it(tried: Any) -> None:
    rows = ocpi(tried, [{"evse": {"connectors": [PLUG | {"max_electric_power": w}]}} for w in (11, 22, 11000)])
    assert [(row["power_kw"], row["_verdict"]) for row in rows] == [
        (11, "corrected"),
        (22, "corrected"),
        (11, "admitted"),
    ]


def test_a_last_update_of_the_year_290000_ends_no_trial_and_one_of_the_year_1_is_none(tried: Any) -> None:
    rows = ocpi(tried, [{"evse": {"last_updated": t}} for t in ("290000-01-01T00:00:00Z", "0001-01-01T00:00:00Z")])
    assert [(row["updated_at"], row["_reasons"]) for row in rows] == [(None, ["unreadable_last_updated"]), (None, [])]


@pytest.mark.parametrize(
    ("field", "text", "reasons"),
    [
        ("ChargingFacilities", "[1,", ["unreadable_power"]), ("ChargingFacilities", '{"power', ["unreadable_power"]),
        ("Plugs", "[bad", ["unmapped_connector_type"]), ("ChargingStationNames", "[bad", []), ("ChargingStationNames", "{bad", []),
        ("GeoCoordinates", "{bad", ["latitude_deg_missing", "longitude_deg_missing", "unreadable_coordinates"]),
    ],
)  # fmt: skip
def test_a_text_that_only_begins_like_json_keeps_back_its_row_at_most(tried: Any, field: str, text: str, reasons: list[str]) -> None:  # fmt: skip
    found = tried(
        "oicp-evse-data", json.dumps([OICP | {"EvseID": "CH*ABC*E1"}, OICP | {"EvseID": "CH*ABC*E2", field: text}])
    )
    assert [row["_reasons"] for row in found.sample] == [[], reasons]


@pytest.mark.parametrize("place", [{"Google": "46,95 7,44"}, {"Google": "46,95,7,44"}, {"Google": "46.95\n7.44"}, {"Latitude": 46.95, "Longitude": 7.44}])  # fmt: skip
def test_oicp_places_are_read_with_decimal_commas_and_without_a_system(tried: Any, place: dict[str, Any]) -> None:
    (row,) = tried("oicp-evse-data", json.dumps([OICP | {"EvseID": "CH*ABC*E1", "GeoCoordinates": place}])).sample
    assert (row["latitude_deg"], row["longitude_deg"]) == (46.95, 7.44)


def test_the_messages_of_oicp_are_opened_to_their_records(tried: Any) -> None:
    record = OICP | {"EvseID": "CH*ABC*E1"}
    data = {
        "eRoamingEvseData": {"EvseData": {"OperatorEvseData": [{"OperatorID": "CH*ABC", "EvseDataRecord": [record]}]}}
    }
    assert tried("oicp-evse-data", json.dumps(data)).admitted == 1
    status = {"EVSEStatusRecords": {"EvseStatusRecord": [{"EvseID": "CH*ABC*E1", "EvseStatus": "Available"}]}}
    assert tried("oicp-evse-status", json.dumps(status)).admitted == 1


@pytest.mark.parametrize("name", ["a[1]*?.csv", "it's \"one\".csv", "new\nline.csv", "$(id);--.csv", b"not-\xff-text.csv"])  # fmt: skip
def test_a_file_is_read_whatever_its_name(tmp_path: Path, name: str | bytes) -> None:
    file = tmp_path / (os.fsdecode(name))
    file.write_bytes((PROJECT / "tests/decode/irve-static/schema-2.3/irve.csv").read_bytes())
    home = tmp_path / "home"
    settings = Settings(home=home, zones=f"{home}/z", layer_catalogue=f"sqlite:{home}/c.sqlite", layer_data=f"{home}/d")
    assert try_file("irve-static", file, settings).records == 6


def test_a_pipe_is_no_plain_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DecodeError, match="no plain file"):
        try_file("irve-static", tmp_path / "pipe", Settings(home=tmp_path))


def test_instants_without_seconds_or_with_hours_of_offset_only_are_read() -> None:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute((PROJECT / "include/sql/prelude.sql").read_text().replace("'include/", f"'{PROJECT}/include/"))
    for text in ("2024-05-06T10:00:00+02", "2024-05-06T10:00+02:00", "2024-05-06 10:00:00 +0200", "2024-05-06T08:00z"):
        assert con.execute("SELECT CAST(instant_of(?, 'Asia/Tokyo') AS VARCHAR)", [text]).fetchone() == (
            "2024-05-06 08:00:00+00",
        )
    for text in (
        "infinity",
        "epoch",
        "0001-01-01T00:00:00+14:00",
        "2024-05-06T10:00:00+25:00",
        "9999-12-31T23:59:59-14:00",
    ):
        assert con.execute("SELECT instant_of(?, 'UTC')", [text]).fetchone() == (None,)


BREAKS = {
    "in the header": ('nom_operateur;"nom_\nenseigne";', "x;y;", ""),
    "in the preamble": ("", "", '"a\nb"\nc\n'),
    "in both": ('"nom_\noperateur";', "x;", 'a;"b\n\nc"\n'),
    "a quote that is none": ("", "", 'a "b\n'),
    "blank lines": ("", "", "\n\n;;\n"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("head", "cells", "before"), BREAKS.values(), ids=BREAKS)
def test_no_record_is_swallowed_after_line_breaks_before_the_rows(tmp_path: Path, head: str, cells: str, before: str, end: str) -> None:  # fmt: skip
    rows = "".join(f"{cells}FRXYZE{n};[2.35,48.85];22{end}" for n in range(6))
    text = f"{before}{head}id_pdc_itinerance;coordonneesXY;puissance_nominale{end}{rows}"
    (tmp_path / "landed").write_bytes(text.encode())
    out = tmp_path / "decoded.parquet"
    found = decode_file("irve-static", tmp_path / "landed", out, duckdb.connect(), name="x", file_id="f1")
    assert found.records == 6
    ids = duckdb.connect().execute(f"SELECT id_pdc_itinerance, puissance_nominale FROM '{out}' ORDER BY 1").fetchall()
    assert ids == [(f"FRXYZE{n}", "22") for n in range(6)]


@pytest.mark.parametrize("digits", [4_000, 6_000, 200_000])
def test_a_number_of_thousands_of_digits_in_json_ends_in_one_line_and_not_the_process(tmp_path: Path, digits: int) -> None:  # fmt: skip
    whole = (PROJECT / "tests/decode/datex2-energy-table/afir-json/table.json").read_text()
    (tmp_path / "landed").write_text(
        whole.replace("22000", "9" * digits, 1).replace('"lang"', f'"x": {"9" * digits}, "lang"', 1)
    )
    with pytest.raises(DecodeError, match="digits"):
        decode_file(
            "datex2-energy-table", tmp_path / "landed", tmp_path / "o", duckdb.connect(), name="x", file_id="f1"
        )


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_zip_with_any_byte_spoilt_is_refused_or_read(tmp_path: Path, method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("a.csv", "id_pdc_itinerance;coordonneesXY\n" + "FRXYZE1;[2.35,48.85]\n" * 40)
    whole = packed.getvalue()
    con = duckdb.connect()
    for place in range(4, len(whole)):
        (tmp_path / "landed").write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            found = decode_file("irve-static", tmp_path / "landed", tmp_path / "o", con, name="x", file_id="f1")
        except DecodeError as error:
            assert "\n" not in str(error)  # noqa: PT017  either way is right
        else:
            assert found.records == 40
