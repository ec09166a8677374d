"""Archives with a readme beside the data, OICP's plugs beside facilities, and plugs of the German register."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from euregio.errors import DecodeError

DATA = json.dumps([{
    "EvseID": "CH*ABC*E1", "ChargingStationID": "S", "Address": {"Country": "CHE"}, "GeoCoordinates": {"Google": "46.95 7.44"},
    "Plugs": ["Type 2 Outlet"], "ChargingFacilities": [{"Power": 22, "PowerType": "AC_3_PHASE"}],
}])  # fmt: skip


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, DATA if name.lower().endswith(("json", "data")) else "read me")
    return out.getvalue()


@pytest.mark.parametrize(
    "names",
    [
        ("a.json", "README.txt"), ("LIESMICH.pdf", "sub/a.JSON", "sub/licence.md"), ("__MACOSX/._a.json", "a.json", ".DS_Store", "._a.json"),
        ("a.data",), ("a.data", "Thumbs.db", "sub/.DS_Store"),
    ],
)  # fmt: skip
def test_the_one_file_of_data_in_a_zip_is_taken(tried: Any, names: tuple[str, ...]) -> None:
    assert tried("oicp-evse-data", zipped(*names)).records == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a.json", "b.json", "README.txt"), "a.json, b.json"),
        (("a.txt", "b.md"), "a.txt, b.md"),
        ((".DS_Store",), "0 files"),
        ((), "0 files"),
    ],
)
def test_a_zip_of_several_files_of_data_is_refused_by_their_names(tried: Any, names: tuple[str, ...], said: str) -> None:  # fmt: skip
    with pytest.raises(DecodeError, match=f"a zip must hold one file of data.*{said}"):
        tried("oicp-evse-data", zipped(*names))


def facility(power: int, kind: str) -> dict[str, Any]:
    return {"Power": power, "PowerType": kind}


CCS, OUTLET = "CCS Combo 2 Plug (Cable Attached)", "Type 2 Outlet"


@pytest.mark.parametrize(
    ("plugs", "facilities", "expected"),
    [
        ([CCS, OUTLET], [facility(50, "DC")], [("DC", 50), ("AC", None)]),
        ([OUTLET, CCS], [facility(50, "DC"), facility(22, "AC_3_PHASE")], [("AC", 22), ("DC", 50)]),
        ([CCS, "CHAdeMO", OUTLET], [facility(50, "DC"), facility(22, "AC_3_PHASE")], [("DC", 50), ("DC", 50), ("AC", 22)]),
        (["Type 2 Connector (Cable Attached)"], [facility(22, "AC_3_PHASE")], [("AC", 22)]),
        ([CCS, CCS], [facility(50, "DC"), facility(150, "DC")], [("DC", 50), ("DC", 150)]),
        ([CCS], [facility(50, "DC"), facility(150, "DC")], [("DC", None)]),
    ],
)  # fmt: skip
def test_no_plug_takes_the_power_of_another_kind_of_current(
    tried: Any, plugs: list[str], facilities: list[dict[str, Any]], expected: list[tuple[str, float | None]]
) -> None:
    record = json.loads(DATA)[0] | {"Plugs": plugs, "ChargingFacilities": facilities}
    (row,) = tried("oicp-evse-data", json.dumps([record])).sample
    assert [(plug["current_type"], plug["power_kw"]) for plug in row["connectors"]] == expected
    assert row["_verdict"] == "admitted"


@pytest.mark.parametrize(
    ("word", "kind", "current"),
    [
        ("DC MCS", "mcs", "DC"), ("MCS", "mcs", "DC"), ("DC Fahrzeugkupplung NACS", "saeJ3400", "DC"), ("NACS", "saeJ3400", None),
        ("Typ 2", "iec62196T2", "AC"), ("AC Schuko Steckdose", "domesticF", "AC"), ("CCS 2", "iec62196T2COMBO", "DC"),
    ],
)  # fmt: skip
def test_newer_and_shorter_words_for_plugs_of_the_german_register_are_known(
    tried: Any, word: str, kind: str, current: str | None
) -> None:
    row = {"Betreiber": "B", "Anzahl Ladepunkte": "1", "Nennleistung Ladeeinrichtung [kW]": "22", "Breitengrad": "52,53",
           "Längengrad": "13,38", "Steckertypen1": word, "Nennleistung Stecker1": "22"}  # fmt: skip
    (found,) = tried("bnetza-register", [row]).sample
    assert (found["connector_types"], found["current_type"]) == ([kind], current)
    assert "unmapped_connector_type" not in found["_reasons"]


def test_pages_of_ocpi_keep_their_own_moment(tried: Any) -> None:
    def page(number: int) -> dict[str, Any]:
        evse = {"uid": f"uid-{number}", "evse_id": f"NL*ABC*E{number}", "status": "AVAILABLE", "connectors": []}
        place = {"id": f"L{number}", "country": "NLD", "coordinates": {"latitude": "52.1", "longitude": "5.1"}}
        return {"data": [place | {"evses": [evse]}], "timestamp": f"2026-05-0{number}T00:00:00Z", "status_code": 1000}

    for content in (f"{json.dumps(page(1))}\n{json.dumps(page(2))}", json.dumps([page(1), page(2)])):
        assert [row["point_id"] for row in tried("ocpi-locations", content).sample] == ["NLABCE1", "NLABCE2"]
