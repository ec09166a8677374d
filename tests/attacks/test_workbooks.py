"""Workbooks that attack their reader: the library below would end the process, so they are refused before it sees them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import duckdb
import pytest

from euregio.errors import DecodeError
from euregio.extract.decoded import decode_file

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
HEADER = ("Betreiber", "Anzahl Ladepunkte", "Breitengrad", "Längengrad", "Steckertypen1")
ROW = ("Stadtwerke", "1", "52,5", "13,4", "AC Schuko")


def sheet(extra: str = "", before: str = "") -> str:
    rows = "".join(
        f'<row r="{n}">'
        + "".join(f'<c r="{letter}{n}" t="inlineStr"><is><t>{text}</t></is></c>' for letter, text in zip("ABCDE", row, strict=True))
        + "</row>"
        for n, row in enumerate((HEADER, ROW), 1)
    )  # fmt: skip
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}{extra}</sheetData></worksheet>'


def workbook(content: str | bytes, place: str = "worksheets/sheet1.xml") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/xl/workbook.xml" ContentType="{KIND}"/></Types>',
        )
        parts.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        parts.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>',
        )
        parts.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/worksheet" Target="{place}"/></Relationships>',
        )
        parts.writestr(f"xl/{place}", content)
    return out.getvalue()


FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
HOSTILE = {
    "a value far out": (workbook(sheet(FAR)), "more cells than is plausible"),
    "a value far out, quoted otherwise": (workbook(sheet(FAR.replace('"', "'"))), "more cells than is plausible"),
    "a value far out, with blanks": (workbook(sheet(FAR.replace("r=", "r = "))), "more cells than is plausible"),
    "a value far out, in small letters": (workbook(sheet(FAR.replace("XFD", "xfd"))), "more cells than is plausible"),
    "a value far out, in a part elsewhere": (workbook(sheet(FAR), "other/data.bin"), "more cells than is plausible"),
    "a value far out, after a long comment": (
        workbook(sheet(FAR, f"<!--{'x' * 2_000_000}-->{' ' * 10}")), "more cells than is plausible|bomb",
    ),
    "a place in character references": (workbook(sheet(FAR.replace("XFD", "&#88;FD"))), "hides its place"),
    "entities": (workbook(sheet("", '<!DOCTYPE a [<!ENTITY b "cc">]>')), "document type"),
    "UTF-16": (workbook(sheet(FAR).encode("utf-16")), "UTF-8"),
}  # fmt: skip


def decode(content: bytes, folder: Path) -> int:
    (folder / "landed").write_bytes(content)
    out = folder / "zone" / "decoded.parquet"
    return decode_file(
        "bnetza-register", folder / "landed", out, duckdb.connect(), name="register.xlsx", file_id="f1"
    ).records


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=message) as caught:
        decode(content, tmp_path)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "zone").iterdir())


def test_the_sound_workbook_of_these_attacks_is_read(tmp_path: Path) -> None:
    assert decode(workbook(sheet()), tmp_path) == 1
    assert decode(workbook(sheet(), "other/data.xml"), tmp_path) == 1
