"""What publishers of DATEX II write that the standard does not: read right, or kept back with the right reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

NAMESPACES = " ".join(
    f'xmlns{prefix}="{uri}"'
    for prefix, uri in {
        "": "http://datex2.eu/schema/3/energyInfrastructure", ":d": "http://datex2.eu/schema/3/d2Payload",
        ":f": "http://datex2.eu/schema/3/facilities", ":l": "http://datex2.eu/schema/3/locationReferencing",
        ":c": "http://datex2.eu/schema/3/common", ":gml": "http://www.opengis.net/gml/3.2",
        ":i": "http://www.w3.org/2001/XMLSchema-instance",
    }.items()
)  # fmt: skip
PAIR = "<l:latitude>50.8</l:latitude><l:longitude>4.7</l:longitude>"
PLACE = f"<l:pointByCoordinates><l:pointCoordinates>{PAIR}</l:pointCoordinates></l:pointByCoordinates>"
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'


def xml(plug: str = "<connectorType>iec62196T2</connectorType>", place: str = PLACE, point: str = "", station: str = "") -> str:  # fmt: skip
    return (
        f'<d:payload {NAMESPACES} i:type="EnergyInfrastructureTablePublication" lang="nl"><c:publicationTime>2026-05-01T06:00:00Z'
        "</c:publicationTime><c:publicationCreator><c:country>be</c:country></c:publicationCreator>"
        '<energyInfrastructureTable id="T"><energyInfrastructureSite id="s"><f:locationReference i:type="l:PointLocation">'
        f'{place}</f:locationReference><energyInfrastructureStation id="st">{station}'
        f'<refillPoint i:type="ElectricChargingPoint" id="BE*XYZ*E1">{point}<connector>{plug}</connector></refillPoint>'
        "</energyInfrastructureStation></energyInfrastructureSite></energyInfrastructureTable></d:payload>"
    )


def only(tried: Any, content: str | bytes) -> dict[str, Any]:
    (row,) = tried("datex2-energy-table", content).sample
    return dict(row)


@pytest.mark.parametrize("before", ["", "\n\n  ", "\ufeff\n", "\ufeff\ufeff \r\n\t\ufeff", "\n" * 900])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_nothing_before_the_xml_declaration_costs_the_file(tried: Any, before: str, encoding: str) -> None:
    mark = "\ufeff" if encoding != "utf-8" else ""
    declared = DECLARED.replace("UTF-8", encoding.removesuffix("-le").upper())
    assert only(tried, (mark + before + declared + xml()).encode(encoding))["_verdict"] == "admitted"


@pytest.mark.parametrize(
    ("plug", "kw", "verdict"),
    [
        ("<connectorType>iec62196T2</connectorType><maxPowerAtSocket>22</maxPowerAtSocket>", 22, "corrected"),
        ("<connectorType>iec62196T2COMBO</connectorType><maxPowerAtSocket>150,0</maxPowerAtSocket>", 150, "corrected"),
        ("<connectorType>teslaS</connectorType><maxPowerAtSocket>250</maxPowerAtSocket>", 250, "corrected"),
        ("<connectorType>iec62196T2</connectorType><maxPowerAtSocket>22000</maxPowerAtSocket>", 22, "admitted"),
        ("<connectorType>iec62196T2</connectorType><maxPowerAtSocket>22 kW</maxPowerAtSocket>", 22, "admitted"),
        ("<connectorType>iec62196T2</connectorType><maxPowerAtSocket>22000 W</maxPowerAtSocket>", 22, "admitted"),
        # 150 kW of alternating current there is not, and volts and amperes prove the watts of a bicycle's socket
        ("<connectorType>iec62196T2</connectorType><maxPowerAtSocket>150</maxPowerAtSocket>", 0.15, "quarantined"),
        ("<connectorType>domesticF</connectorType><chargingMode>mode1AC1p</chargingMode><maxPowerAtSocket>92</maxPowerAtSocket>"
         "<voltage>230</voltage><maximumCurrent>0.4</maximumCurrent>", 0.092, "quarantined"),
        ("<connectorType>iec62196T2</connectorType><maxPowerAtSocket>0.022</maxPowerAtSocket>", 2.2e-05, "quarantined"),
    ],
)  # fmt: skip
def test_kilowatts_in_the_place_of_watts_are_corrected_where_they_can_be_nothing_else(
    tried: Any, plug: str, kw: float, verdict: str
) -> None:
    row = only(tried, xml(plug))
    assert (row["power_kw"], row["connectors"][0]["power_kw"], row["_verdict"]) == (
        pytest.approx(kw),
        pytest.approx(kw),
        verdict,
    )
    if verdict == "corrected":
        assert [(fix["field"], float(fix["now"])) for fix in row["_corrections"]] == [("power_kw", kw)]
    if verdict == "quarantined":
        assert row["_reasons"] == ["power_kw_out_of_bounds"]


def test_kilowatts_of_a_station_and_of_what_is_available_are_corrected_too(tried: Any) -> None:
    row = only(tried, xml(station="<totalMaximumPower>44</totalMaximumPower>",
                          point="<availableChargingPower>11</availableChargingPower><availableChargingPower>22</availableChargingPower>"))  # fmt: skip
    assert (row["power_kw"], row["station_power_kw"], row["_verdict"]) == (22, 44, "corrected")


@pytest.mark.parametrize(
    "place",
    [
        f"<l:coordinatesForDisplay>{PAIR}</l:coordinatesForDisplay>",
        f"<l:locationForDisplay>{PAIR}</l:locationForDisplay>",
        f"<l:pointCoordinates>{PAIR}</l:pointCoordinates>",
        f"<l:tpegPointLocation><l:point><l:pointCoordinates>{PAIR}</l:pointCoordinates></l:point></l:tpegPointLocation>",
        f"<l:openlrExtendedPoint><l:openlrPointLocationReference><l:openlrGeoCoordinate><l:openlrCoordinates>{PAIR}</l:openlrCoordinates>"
        "</l:openlrGeoCoordinate></l:openlrPointLocationReference></l:openlrExtendedPoint>",
        f"<l:openlrPoiWithAccessPoint><l:openlrSideOfRoad>right</l:openlrSideOfRoad><l:openlrCoordinates>{PAIR}</l:openlrCoordinates></l:openlrPoiWithAccessPoint>",
        '<gml:Point srsName="EPSG:4326"><gml:pos>50.8 4.7</gml:pos></gml:Point>',
        '<gml:Point xmlns:gml="http://www.opengis.net/gml"><gml:pos> 50.8\n4.7 </gml:pos></gml:Point>',
        "<l:gmlLineString><l:posList>50.7 4.6 50.9 4.8</l:posList></l:gmlLineString>",
        "<l:gmlMultiPolygon><l:gmlPolygon><l:exterior><l:gmlLinearRing><l:posList>50.7 4.6 50.7 4.8\n 50.9 4.8  50.9 4.6</l:posList>"
        "</l:gmlLinearRing></l:exterior></l:gmlPolygon></l:gmlMultiPolygon>",
    ],
)  # fmt: skip
def test_a_place_is_found_in_every_way_that_names_the_point_itself(tried: Any, place: str) -> None:
    row = only(tried, xml(place=place))
    assert (row["latitude_deg"], row["longitude_deg"]) == (pytest.approx(50.8), pytest.approx(4.7))
    assert row["_verdict"] == "admitted"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("", "latitude_deg_missing"),
        (f"<l:openlrPointAlongLine><l:openlrFirstLocationReferencePoint><l:openlrCoordinates>{PAIR}</l:openlrCoordinates>"
         "</l:openlrFirstLocationReferencePoint></l:openlrPointAlongLine>", "latitude_deg_missing"),
        (f"<l:tpegLinearLocation><l:from><l:pointCoordinates>{PAIR}</l:pointCoordinates></l:from></l:tpegLinearLocation>", "latitude_deg_missing"),
        ("<gml:Point><gml:pos>50.8</gml:pos></gml:Point>", "unreadable_coordinates"),
        ("<gml:Point><gml:pos>north east</gml:pos></gml:Point>", "unreadable_coordinates"),
    ],
)  # fmt: skip
def test_a_place_that_is_not_the_points_own_is_none(tried: Any, place: str, reason: str) -> None:
    row = only(tried, xml(place=place))
    assert (row["latitude_deg"], row["_verdict"]) == (None, "quarantined")
    assert reason in row["_reasons"]


@pytest.mark.parametrize(
    ("word", "kind", "current"),
    [
        ("IEC62196T2", "iec62196T2", "AC"), ("iec62196T2Combo", "iec62196T2COMBO", "DC"), ("egi:iec62196T2COMBO", "iec62196T2COMBO", "DC"),
        ("CHAdeMO", "chademo", "DC"), ("IEC_62196_T2_COMBO", "iec62196T2COMBO", "DC"), ("DOMESTIC_F", "domesticF", "AC"),
        ("Type2", "iec62196T2", "AC"), ("CCS", "iec62196T2COMBO", "DC"), ("MCS", "mcs", "DC"), ("NACS", "saeJ3400", None), ("other", "other", None),
    ],
)  # fmt: skip
def test_a_connector_is_known_in_any_case_with_a_prefix_and_in_words_of_ocpi(tried: Any, word: str, kind: str, current: str | None) -> None:  # fmt: skip
    row = only(tried, xml(f"<connectorType>{word}</connectorType>"))
    assert (row["connector_types"], row["current_type"], row["_verdict"]) == ([kind], current, "admitted")
    assert row["connectors"][0]["connector_type_raw"] == word


def test_a_connector_that_is_none_keeps_its_row_back(tried: Any) -> None:
    assert only(tried, xml("<connectorType>typ zwei</connectorType>"))["_reasons"] == ["unmapped_connector_type"]


POINT = {"idG": "BE*XYZ*E1", "connector": [{"connectorType": {"value": "iec62196T2"}, "maxPowerAtSocket": 22000}]}


def document(first: str = "", point: dict[str, Any] = POINT) -> dict[str, Any]:
    place = {"locPointLocation": {"coordinatesForDisplay": {"latitude": 50.8, "longitude": 4.7}}}
    site = {"idG": "s", "name": {"values": [{"lang": "nl", "value": "Plein"}]}, "locationReference": place,
            "energyInfrastructureStation": [{"idG": "st", "refillPoint": [{f"{first}ElectricChargingPoint": point}]}]}  # fmt: skip
    return {"payload": {f"{first}EnergyInfrastructureTablePublication": {
        "publicationTime": "2026-05-01T06:00:00Z", "publicationCreator": {"country": "be"},
        "energyInfrastructureTable": [{"idG": "T", "energyInfrastructureSite": [site]}]}}}  # fmt: skip


def prefixed(value: Any, prefix: str) -> Any:
    if isinstance(value, dict):
        return {f"{prefix}:{key}": prefixed(inner, prefix) for key, inner in value.items()}
    return [prefixed(one, prefix) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("prefix", ["d2", "aegi", "egi"])
def test_keys_of_json_may_keep_the_prefixes_of_xml(tried: Any, prefix: str) -> None:
    plain = only(tried, json.dumps(document("aegi")))
    assert (plain["point_id"], plain["site_name"], plain["power_kw"]) == ("BEXYZE1", "Plein", 22)
    assert only(tried, json.dumps(prefixed(document(), prefix)))["point_id"] == "BEXYZE1"
    assert only(tried, json.dumps(prefixed(document("aegi"), prefix), indent=1)) | {"_file": 0} == plain | {"_file": 0}


def test_documents_of_json_one_after_another_are_read_in_their_order(tried: Any) -> None:
    second = document("aegi", POINT | {"idG": "BE*XYZ*E2"})
    for content in (f"{json.dumps(document('aegi'))}\n{json.dumps(second)}\n", json.dumps([document("aegi"), second])):
        assert [row["point_id"] for row in tried("datex2-energy-table", content).sample] == ["BEXYZE1", "BEXYZE2"]


@pytest.mark.parametrize("name", ["Plein", "K\xf6ln", "a\nb", "\\ud800", "O\\'Hara"])
def test_a_text_that_json_forbids_costs_no_document(tried: Any, name: str) -> None:
    content = json.dumps(document("aegi")).replace("Plein", name).encode("latin-1")
    assert only(tried, content)["_verdict"] == "admitted"
