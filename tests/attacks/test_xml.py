"""Hostile and mistaken XML and JSON end in one clear line and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from euregio.errors import DecodeError
from euregio.extract.decoded import decode_file

EGI = "http://datex2.eu/schema/3/energyInfrastructure"
TYPE = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="e:EnergyInfrastructureTablePublication"'
ROOT = f'<p xmlns="http://datex2.eu/schema/3/d2Payload" xmlns:e="{EGI}" {TYPE}>'
SITE = '<e:energyInfrastructureSite id="1"><e:energyInfrastructureStation id="2"><e:refillPoint id="3"/></e:energyInfrastructureStation></e:energyInfrastructureSite>'
TABLE = f'{ROOT}<e:energyInfrastructureTable id="t">{{}}{SITE}</e:energyInfrastructureTable></p>'
LAUGHS = (
    '<!DOCTYPE p [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)

HOSTILE = {
    "billion laughs": (LAUGHS + TABLE.format("<e:x>&j;</e:x>"), "DTD"),
    "external entity": ('<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + TABLE.format("<e:x>&x;</e:x>"), "DTD"),
    "external DTD": ('<!DOCTYPE p SYSTEM "http://127.0.0.1:9/x.dtd">' + TABLE.format(""), "DTD"),
    "undeclared entity in the head": (TABLE.format("<e:x>&x;</e:x>"), "broken or cut off"),
    "undeclared entity in a site": (TABLE.format("").replace('id="3"/>', 'id="3">&x;</e:refillPoint>'), "broken or cut off"),
    "DTD among the sites": (TABLE.format(SITE + "<!DOCTYPE p>"), "broken or cut off"),
    "nested deep in the head": (TABLE.format("<e:x>" * 5000 + "</e:x>" * 5000), "too deep"),
    "nested deep in a site": (
        TABLE.format("").replace('id="3"/>', 'id="3">' + "<e:x>" * 50_000 + "</e:x>" * 50_000 + "</e:refillPoint>"),
        "broken|too deep|cannot be read",
    ),
    "a huge text": (TABLE.format("").replace('id="3"/>', 'id="3"><e:evseId>' + "x" * 11_000_000 + "</e:evseId></e:refillPoint>"), "broken"),
    "a huge attribute": (TABLE.format("").replace('id="3"', f'id="{"x" * 11_000_000}"'), "broken"),
    "a huge tag in the head": (TABLE.format(f'<e:x a="{"x" * 11_000_000}"/>'), "too large"),
    "cut off in the head": (ROOT[:90], "broken or cut off"),
    "cut off after a site": (TABLE.format("").replace("</p>", ""), "broken or cut off"),
    "something after the end": (TABLE.format("") + "<more/>", "broken or cut off"),
    "not bound prefix": (TABLE.format("").replace("<e:refillPoint", "<z:refillPoint").replace("</e:refillPoint", "</z:refillPoint"), "broken|no records|cannot"),
    "another publication": (ROOT.replace("EnergyInfrastructureTable", "Situation") + "</p>", "SituationPublication"),
    "DATEX II version 2": (
        '<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" modelBaseVersion="2"><payloadPublication/></d2LogicalModel>',
        "version 2",
    ),
    "no DATEX at all": ("<kml xmlns='http://www.opengis.net/kml/2.2'/>", "not DATEX II version 3"),
    "names without namespaces": (TABLE.format("").replace(EGI, "urn:other"), "namespace"),
    "no sites": (f"{ROOT}</p>", "no records"),
    "an encoding that is none": ("<?xml version='1.0' encoding='utf-7'?>" + TABLE.format(""), "encoding"),
    "JSON cut off": ('{"payload": {"aegiEnergyInfrastructureTablePublication": {"lang": "de", "energyInf', "cut off or is no JSON"),
    "JSON nested deep": ('{"payload":' * 5000 + "1" + "}" * 5000, "cut off or is no JSON|nested"),
    "JSON of something else": ('{"payload": {"sitSituationPublication": {"lang": "de"}}}', "SituationPublication"),
    "neither": ("id;name\n1;2\n", "neither XML nor JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "message"), HOSTILE.values(), ids=HOSTILE)
def test_it_ends_in_one_clear_line_and_leaves_nothing(payload: str, message: str, tmp_path: Path) -> None:
    landed, out = tmp_path / "landed", tmp_path / "zone" / "decoded.parquet"
    landed.write_text(payload, encoding="utf-8")
    with pytest.raises(DecodeError, match=message) as caught:
        decode_file("datex2-energy-table", landed, out, duckdb.connect(), name="table.xml", file_id="f1")
    assert "\n" not in str(caught.value)
    assert "table.xml" in str(caught.value)
    assert len(str(caught.value)) < 600
    assert not list(out.parent.iterdir())


def test_bytes_that_are_not_of_the_declared_encoding_are_refused(tmp_path: Path) -> None:
    landed, out = tmp_path / "landed", tmp_path / "zone" / "decoded.parquet"
    landed.write_bytes(TABLE.format("").replace('id="3"', 'id="é"').encode("latin-1"))
    with pytest.raises(DecodeError):
        decode_file("datex2-energy-table", landed, out, duckdb.connect(), name="table.xml", file_id="f1")


def test_the_harmless_table_of_these_attacks_is_read(tmp_path: Path) -> None:
    landed, out = tmp_path / "landed", tmp_path / "decoded.parquet"
    landed.write_text(TABLE.format(""), encoding="utf-8")
    assert decode_file("datex2-energy-table", landed, out, duckdb.connect(), name="t", file_id="f1").records == 1
