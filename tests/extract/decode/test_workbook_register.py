"""The German register as XLSX: preamble, a header of two rows, blank rows, numbers and dates as text."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from euregio.errors import DecodeError
from euregio.extract.decoded import decode_file

HEADER = [
    "Betreiber", "Straße", "Hausnummer", "Postleitzahl", "Ort", "Breitengrad", "Längengrad", "Inbetriebnahmedatum",
    "Nennleistung Ladeeinrichtung [kW]", "Art der Ladeeinrichung", "Anzahl Ladepunkte", "Steckertypen1", "P1 [kW]", "Public Key1",
]  # fmt: skip
DEVICE = ["Muster & Söhne", "Ring", 5, "01067", "Dresden", "51,05", 13.75423, 43841, 22.0, "Normalladeeinrichtung", 2, "AC Steckdose Typ 2", 3.7, ""]  # fmt: skip


def column(number: int) -> str:
    return (chr(64 + number // 26) if number >= 26 else "") + chr(65 + number % 26)


def cell(value: Any, place: str) -> str:
    if value == "":
        return f'<c r="{place}" s="0"/>'
    if isinstance(value, str):
        text = value.replace("&", "&amp;").replace("<", "&lt;")
        return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
    style = ' s="1"' if value == 43841 else ""
    return f'<c r="{place}"{style}><v>{value}</v></c>'


def workbook(path: Path, rows: dict[int, list[Any]]) -> Path:
    """A workbook with one sheet: row number (from 1) to values. The number 43841 is formatted as a date."""
    sheet = "".join(
        f'<row r="{number}">'
        + "".join(cell(value, f"{column(c)}{number}") for c, value in enumerate(values))
        + "</row>"
        for number, values in rows.items()
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{sheet_type}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet_type}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{sheet_type}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="Register" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{rel}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def decoded(tmp_path: Path, path: Path) -> list[dict[str, str | None]]:
    con = duckdb.connect()
    out = tmp_path / "out.parquet"
    decode_file("bnetza-register", path, out, con, name="register.xlsx", file_id="f1")
    rows = con.execute(f"SELECT * FROM read_parquet('{out}')")
    names = [described[0] for described in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def test_preamble_and_blank_rows_are_no_records(tmp_path: Path) -> None:
    rows = {
        1: ["Ladesäulenregister", *[""] * 13],
        3: ["Hinweis:"],
        5: ["Allgemeine Informationen", *[""] * 10, "1. Ladepunkt"],
        6: HEADER,
        7: DEVICE,
        8: [""] * 14,
        9: DEVICE,
        2000: [""] * 14,
    }
    assert len(decoded(tmp_path, workbook(tmp_path / "r.xlsx", rows))) == 2


def test_numbers_and_dates_come_as_text(tmp_path: Path) -> None:
    (row,) = decoded(tmp_path, workbook(tmp_path / "r.xlsx", {1: HEADER, 2: DEVICE}))
    assert row["hausnummer"] == "5"
    assert row["postleitzahl"] == "01067"
    assert row["laengengrad"] == "13.75423"
    assert row["breitengrad"] == "51,05"
    assert row["inbetriebnahmedatum"] == "2020-01-11"
    assert row["nennleistung_ladeeinrichtung"] == "22"
    assert row["nennleistung_stecker1"] == "3.7"
    assert row["public_key1"] is None
    assert row["betreiber"] == "Muster & Söhne"


def test_another_workbook_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(
        DecodeError, match="the header lacks breitengrad, laengengrad, anzahl_ladepunkte, steckertypen1"
    ):
        decoded(tmp_path, workbook(tmp_path / "r.xlsx", {1: ["Betreiber", "Ort"], 2: ["a", "b"]}))


def test_a_sheet_with_one_value_far_out_is_refused_before_it_is_built(tmp_path: Path) -> None:
    path = workbook(tmp_path / "r.xlsx", {1: HEADER, 2: DEVICE, 1_048_576: [*[""] * 300, "x"]})
    with pytest.raises(DecodeError, match="spans more cells than is plausible"):
        decoded(tmp_path, path)


def test_a_broken_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "r.xlsx", {1: HEADER, 2: DEVICE})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DecodeError, match="broken or cut off"):
        decoded(tmp_path, path)


def test_a_workbook_with_a_broken_sheet_is_refused(tmp_path: Path) -> None:
    source = workbook(tmp_path / "whole.xlsx", {1: HEADER, 2: DEVICE})
    path = tmp_path / "r.xlsx"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(path, "w") as broken:
        for info in whole.infolist():
            text = whole.read(info)
            broken.writestr(info.filename, text[: len(text) // 2] if "sheet1" in info.filename else text)
    with pytest.raises(DecodeError, match=r"register\.xlsx"):
        decoded(tmp_path, path)


def test_a_workbook_with_damaged_bytes_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "r.xlsx", {1: HEADER, **dict.fromkeys(range(2, 400), DEVICE)})
    with zipfile.ZipFile(path) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    whole = bytearray(path.read_bytes())
    middle = sheet.header_offset + 80 + sheet.compress_size // 2
    whole[middle : middle + 8] = b"damaged!"
    path.write_bytes(whole)
    with pytest.raises(DecodeError, match="the workbook is broken"):
        decoded(tmp_path, path)
