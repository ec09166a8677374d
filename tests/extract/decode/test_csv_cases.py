"""The CSV registers decode as their cases say: tests/decode/<format>/<case>/ holds a payload and what is expected."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from euregio.errors import DecodeError
from euregio.extract.decoded import decode_file

CASES = Path(__file__).parents[2] / "decode"
FORMATS = ("bnetza-register", "irve-static", "irve-dynamic")
FOLDERS = [folder for name in FORMATS for folder in sorted((CASES / name).iterdir())]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_case_decodes_as_it_says(folder: Path, tmp_path: Path) -> None:
    (payload,) = (path for path in folder.iterdir() if path.name != "expect.json")
    expect = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    out = tmp_path / "decoded.parquet"
    con = duckdb.connect()
    if "error" in expect:
        with pytest.raises(DecodeError, match=expect["error"]):
            decode_file(folder.parent.name, payload, out, con, name=payload.name, file_id="f1")
        assert not out.exists()
        return
    decoded = decode_file(folder.parent.name, payload, out, con, name=payload.name, file_id="f1")
    assert decoded.records == expect["records"]
    rows = con.execute(f"SELECT * FROM read_parquet('{out}')")
    names = [column[0] for column in rows.description]
    for expected in expect["rows"]:
        row = dict(zip(names, rows.fetchone(), strict=True))
        assert {name: row[name] for name in expected} == expected


HEADER = "id_pdc_itinerance,etat_pdc,occupation_pdc,horodatage\n"
ROW = "FRXYZE0001,en_service,libre,2024-10-18T12:35:49+0000\n"


def decoded(tmp_path: Path, payload: str | bytes) -> list[tuple[str | None, str | None]]:
    path, out = tmp_path / "file[1]*.csv", tmp_path / "out.parquet"
    path.write_bytes(payload.encode() if isinstance(payload, str) else payload)
    con = duckdb.connect()
    decode_file("irve-dynamic", path, out, con, name="file.csv", file_id="f1")
    return con.execute(f"SELECT id_pdc_itinerance, row_error FROM read_parquet('{out}')").fetchall()


@pytest.mark.parametrize(
    "payload",
    [
        HEADER + ROW * 3,
        (HEADER + ROW * 3).replace("\n", "\r\n"),
        HEADER.replace("\n", "\r\n") + ROW + ROW.replace("\n", "\r\n") + ROW,
        (HEADER + ROW * 3).replace("\n", "\r"),
        (HEADER + ROW * 3).replace(",", ";"),
        (HEADER + ROW * 3).replace(",", "\t"),
        (HEADER + ROW * 3).rstrip("\n"),
        HEADER + ROW + "\n\n" + ROW * 2 + "\n",
        HEADER + ROW + ",,,\n" + ROW * 2 + ",,,\n,,,\n",
        "Etat des bornes;;\n\nle 18 octobre\n" + HEADER + ROW * 3,
        ("\ufeff" + HEADER + ROW * 3).encode(),
        (HEADER + ROW * 3).encode("utf-16"),
        HEADER.upper() + ROW * 3,
    ],
    ids=["plain", "crlf", "mixed ends", "cr", "semicolons", "tabs", "no last end", "empty lines", "empty cells", "preamble", "bom", "utf-16", "upper case"],
)  # fmt: skip
def test_the_same_rows_come_of_every_writing(tmp_path: Path, payload: str | bytes) -> None:
    assert decoded(tmp_path, payload) == [("FRXYZE0001", None)] * 3


def test_a_quote_that_is_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = decoded(tmp_path, HEADER + ROW * 2 + '"FRXYZE0002,en_service,libre,2024\n' + ROW * 3)
    assert [error is None for _, error in rows] == [True, True, False, True, True, True]
    assert rows[2][0] == "FRXYZE0002"


def test_a_quoted_cell_may_hold_quotes_delimiters_and_line_ends(tmp_path: Path) -> None:
    assert decoded(tmp_path, HEADER + '"FR ""A"",\nB",en_service,libre,\n' + ROW)[0] == ('FR "A",\nB', None)


def test_a_file_of_two_encodings_comes_out_readable(tmp_path: Path) -> None:
    payload = (HEADER + "é,a,b,c\n").encode() + "è,a,b,c\n".encode("cp1252")
    assert decoded(tmp_path, payload) == [("é", None), ("è", None)]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (HEADER, "holds no records"),
        (HEADER + "a,b\n" * 5 + ROW, "most rows have another number of cells"),
        (HEADER + "FR\0XYZ,a,b,c\n", "zero bytes"),
        ("a," * 400_000 + "\n" + ROW, "no header"),
        (bytes(range(1, 256)) * 40, "no header with the format's columns"),
        ("id_pdc_itinerance,etat_pdc\nFRXYZE1,en_service\n", "the header lacks occupation_pdc, horodatage"),
        ('{"data": [1, 2]}', "no header"),
        ("<?xml version='1.0'?>\n<a/>\n", "no header"),
        ("  <!DOCTYPE html><html><body>503</body></html>", "HTML page"),
        (HEADER + ROW + "x" * 3_000_000 + ",a,b,c\n", "too long"),
        (HEADER + ROW + "x" * 9_000_000 + ",a,b,c\n", "too long"),  # fills the reader's buffer: it would be left out
        ("", "empty"),
        (b"\xff\xfe", "empty"),
    ],
    ids=["header only", "another file", "zero bytes", "endless header", "binary", "columns missing", "json", "xml", "html", "long line", "endless line", "empty", "a mark of its encoding only"],
)  # fmt: skip
def test_what_is_no_register_ends_in_one_clear_line(tmp_path: Path, payload: str | bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=message) as caught:
        decoded(tmp_path, payload)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("file.csv")
    assert not (tmp_path / "out.parquet").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file[1]*.csv"]
