"""The fast reader of DATEX II XML gives exactly what the plain one gives, and steps aside where it cannot."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from euregio.errors import DecodeError
from euregio.extract.decode import datex2_xml
from euregio.extract.decode.datex2_energy_table import _WANTED
from euregio.extract.decode.datex2_head import HeadReader
from euregio.extract.decode.datex2_rows import Pivot, schema_of
from euregio.extract.decode.datex2_text import Utf8
from euregio.extract.decode.plain import Source

EGI, FAC = "http://datex2.eu/schema/3/energyInfrastructure", "http://datex2.eu/schema/3/facilities"
COM, LOC = "http://datex2.eu/schema/3/common", "http://datex2.eu/schema/3/locationReferencing"
LOCX = "http://datex2.eu/schema/3/locationExtension"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEXTS = (
    "plain",
    "",
    " two\n lines\t",
    "Zürich &amp; Łódź",
    "<![CDATA[a <b> </e:energyInfrastructureSite> c]]>",
    "&#233;&#x41;",
    "😀",
    "a<!-- in -->b",
)


def document(seed: int, oddities: bool, language: str = "de") -> str:
    """A made-up table of some 40 sites in which every element that is read occurs, is absent, or is repeated."""
    rng = random.Random(seed)

    def text() -> str:
        return rng.choice(TEXTS if oddities else TEXTS[:4])

    def some(*parts: str) -> str:
        return "".join(part for part in parts for _ in range(rng.choice((0, 1, 1, 2))))

    def words(name: str) -> str:
        values = "".join(
            f'<c:value lang="{rng.choice(("de", "fr", "de-AT"))}">{text()}</c:value>' for _ in range(rng.randint(0, 3))
        )
        return f"<{name}><c:values>{values}</c:values></{name}>"

    def place() -> str:
        pair = f"<l:latitude>{rng.uniform(40, 60):.5f}</l:latitude><l:longitude>{text()}</l:longitude>"
        line = f'<x:addressLine order="1"><x:type>{rng.choice(("street", "houseNumber"))}</x:type>{words("x:text")}</x:addressLine>'
        address = f"<x:address>{some(f'<x:postcode>{text()}</x:postcode>', words('x:city'), line, line)}</x:address>"
        return (
            f'<f:locationReference i:type="l:PointLocation">{some(f"<l:ext><l:facilityLocation>{address}</l:facilityLocation></l:ext>")}'
            + some(f"<l:coordinatesForDisplay>{pair}</l:coordinatesForDisplay>",
                   f"<l:pointByCoordinates><l:pointCoordinates>{pair}</l:pointCoordinates></l:pointByCoordinates>",
                   "<l:gml><l:posList>1 2 3 4 5 6</l:posList></l:gml>")
            + "</f:locationReference>"
        )  # fmt: skip

    def facility() -> str:
        hours = ('<f:operatingHours i:type="f:OpenAllHours"/>',
                 f'<f:operatingHours i:type="f:OperatingHoursSpecification" id="24/7"><f:label>{text()}</f:label><f:overallPeriod>'
                 "<c:overallStartTime>2024</c:overallStartTime><c:validPeriod><c:d><c:day>monday</c:day></c:d></c:validPeriod>"
                 "</f:overallPeriod></f:operatingHours>")  # fmt: skip
        operator = (
            f'<f:operator i:type="f:OrganisationSpecification" id="{rng.choice(("ES*ABC", "", " x "))}">{some(words("f:name"), words("f:legalName"))}'
            "<f:externalIdentifier><f:identifier>XYZ</f:identifier><f:typeOfIdentifier _extendedValue='operatorId'>_extended"
            "</f:typeOfIdentifier></f:externalIdentifier></f:operator>"
        )
        return some(words("f:name"), f"<f:lastUpdated>{text()}</f:lastUpdated>", rng.choice(hours), place(), operator,
                    f"<f:description>{text()}</f:description>", "<f:accessibility i:nil='true'/>")  # fmt: skip

    def rate() -> str:
        price = f"<e:energyPrice><e:priceType>pricePerKWh</e:priceType><e:value>0.3</e:value>{some('<e:when><e:fromMinute>3</e:fromMinute></e:when>')}</e:energyPrice>"
        name = rng.choice(("e:electricEnergy", "e:energyProduct"))
        return (
            f'<{name}><e:energyRate id="r"><e:ratePolicy>adHoc</e:ratePolicy>{some(words("e:rateName"), price, price)}'
            "<e:paymentMethod><f:paymentMeans>nfc</f:paymentMeans></e:paymentMethod></e:energyRate>"
            f"</{name}>"
        )

    def point() -> str:
        own_id = "<f:externalIdentifier><f:identifier>DE*ABC*E1</f:identifier><f:typeOfIdentifier extendedValueG='evseId'>x</f:typeOfIdentifier></f:externalIdentifier>"
        plug = f"<e:connector>{some(own_id)}<e:connectorType>{text()}</e:connectorType>{some('<e:voltage>400</e:voltage>', '<e:maxPowerAtSocket>1</e:maxPowerAtSocket>')}</e:connector>"
        kind = rng.choice(('i:type="e:ElectricChargingPoint"', 'i:type="ElectricChargingPoint"', ""))
        return (
            f'<e:refillPoint {kind} id="{rng.choice(("p", "p&#10;", "&#9;p q", " p"))}{rng.random()}">{facility()}'
            + some(
                plug,
                plug,
                "<e:availableVoltage>400</e:availableVoltage>",
                "<f:externalIdentifier>DE*1</f:externalIdentifier>",
                rate(),
            )
            + "</e:refillPoint>"
        )

    def site(number: int) -> str:
        again = f' xmlns:e="{EGI}"' if oddities and rng.random() < 0.1 else ""
        stations = "".join(
            f'<e:energyInfrastructureStation id="s">{facility()}{"".join(point() for _ in range(rng.randint(0, 3)))}'
            f"{some(rate(), '<e:totalMaximumPower>5</e:totalMaximumPower>')}</e:energyInfrastructureStation>"
            for _ in range(rng.randint(0, 2))
        )
        return f'<e:energyInfrastructureSite{again} id="{number}">{facility()}{stations}<e:typeOfSite>onstreet</e:typeOfSite></e:energyInfrastructureSite>'

    end = " <!-- </e:energyInfrastructureSite> --> <?e </e:energyInfrastructureSite> ?>" if oddities else "\n"
    sites = "".join(site(number) + (end if rng.random() < 0.2 else "") for number in range(40))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><q:payload xmlns:q="http://datex2.eu/schema/3/d2Payload" xmlns:e="{EGI}" xmlns:f="{FAC}" xmlns:c="{COM}"'
        f' xmlns:l="{LOC}" xmlns:x="{LOCX}" xmlns:i="{XSI}" i:type="e:EnergyInfrastructureTablePublication" lang="{language}">'
        f"<c:publicationTime>2026-01-01T00:00:00Z</c:publicationTime><e:energyInfrastructureTable id='t'>{sites}</e:energyInfrastructureTable></q:payload>"
    )


def written(tmp_path: Path, text: str | bytes) -> Source:
    path = tmp_path / "table.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Source(path, "table.xml", tmp_path)


def plain(source: Source) -> pa.Table:
    """What the plain reader gives of the whole document."""
    found = [schema_of(_WANTED.spec_of()).empty_table()]
    for header, codes, values in datex2_xml.exact_columns(source, _WANTED, 0):
        found.append(Pivot(_WANTED.spec_of(), codes, values).table(header, False))
    return pa.concat_tables(found)


def fast(source: Source) -> pa.Table:
    return pa.concat_tables([schema_of(_WANTED.spec_of()).empty_table(), *datex2_xml.tables(source, _WANTED)])


@pytest.mark.parametrize("chunk", [1500, 20_000, 4_000_000])
@pytest.mark.parametrize("oddities", [False, True], ids=["usual", "odd"])
@pytest.mark.parametrize("seed", range(4))
def test_both_readers_give_the_same_rows(
    seed: int, oddities: bool, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datex2_xml, "_CHUNK", chunk)
    source = written(tmp_path, document(seed, oddities))
    expected = plain(source).to_pylist()
    assert len(expected) > 20
    assert fast(source).to_pylist() == expected


def test_the_usual_document_is_read_by_the_fast_way_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, document(1, oddities=False))
    expected = plain(source).num_rows
    monkeypatch.setattr(datex2_xml, "exact_columns", lambda *_: pytest.fail("the plain reader was asked"))
    monkeypatch.setattr(datex2_xml, "_CHUNK", 5000)
    assert fast(source).num_rows == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "iso-8859-15", "cp1252"])
def test_the_same_rows_come_of_every_encoding(encoding: str, tmp_path: Path) -> None:
    text = document(2, oddities=False).replace("Łódź", "Köln")
    expected = plain(written(tmp_path, text)).to_pylist()
    declared = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig").removesuffix("-le")}"')
    assert fast(written(tmp_path, declared.encode(encoding))).to_pylist() == expected


def test_a_document_that_ends_early_is_refused_at_every_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datex2_xml, "_CHUNK", 5000)
    text = document(3, oddities=False).encode()
    for share in (0.2, 0.5, 0.9, 0.999):
        with pytest.raises(DecodeError, match="broken or cut off"):
            fast(written(tmp_path, text[: int(len(text) * share)]))


def test_the_head_knows_only_namespaces_that_hold_for_every_site(tmp_path: Path) -> None:
    inner = document(4, oddities=False).replace(
        "<e:energyInfrastructureSite id", f'<e:energyInfrastructureSite xmlns:z="{EGI}" id', 1
    )
    with Utf8(written(tmp_path, inner)) as stream:
        head = HeadReader(_WANTED.element, _WANTED.publication, "x").read(stream)
    assert head is not None
    assert head.namespaces.get("z") is None
    assert head.namespaces["e"] == EGI
