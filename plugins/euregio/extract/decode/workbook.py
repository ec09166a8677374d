"""Tables in XLSX workbooks: the sheet and row of the header found out, blank rows passed over, values as text."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from euregio.errors import DecodeError
from euregio.extract.decode.headers import ROW_ERROR, Fields, Header, best_header
from euregio.extract.decode.plain import BROKEN_ARCHIVE, check_workbook

if TYPE_CHECKING:
    import duckdb
    import pyarrow

    from euregio.extract.decode.plain import Source

#: The header is among the first rows of its sheet.
PREAMBLE_ROWS = 60
#: Cells of a sheet's rectangle, blanks included: the reader holds them all. The German register has 6 million.
MAX_CELLS = 60_000_000
_BATCH_ROWS = 10_000
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,3})([0-9]{1,7})\s*["']""")


def read_workbook(source: Source, fields: Fields, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The table of the workbook that has the format's header, as text, with `row_error` (null).

    Numbers are written as short as they are exact, with a decimal point; dates and times as ISO 8601. Rows without
    any value are formatting, not records. Raises DecodeError where no sheet has the header, or the workbook is broken.
    """
    import pyarrow
    from python_calamine import CalamineError, CalamineWorkbook

    check_workbook(source.path, source.name)
    try:
        _refuse_vast_sheets(source)
        workbook = CalamineWorkbook.from_path(str(source.path))
        candidates: list[Header] = []
        sheets: list[Any] = []
        for sheet_name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(sheet_name)
            for number, row in enumerate(islice(sheet.iter_rows(), PREAMBLE_ROWS)):
                cells = tuple("" if value is None else str(value) for value in row)
                candidates.append(Header(fields.found_in(cells), len(cells), cells, number + 1))
                sheets.append(sheet)
    except (CalamineError, *BROKEN_ARCHIVE, KeyError) as error:
        raise DecodeError(
            "the workbook is broken", where=source.name, found=str(error).splitlines()[0] if str(error) else None,
            do="Fetch it again, or save it anew.",
        ) from error  # fmt: skip
    header = best_header(candidates, fields, where=source.name)
    sheet = next(s for s, candidate in zip(sheets, candidates, strict=True) if candidate is header)
    schema = pyarrow.schema([(name, pyarrow.string()) for name in (*fields.names, ROW_ERROR)])
    return source.stream(con, schema, _batches(sheet, header, fields, schema))


def _batches(sheet: Any, header: Header, fields: Fields, schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow

    rows = (row for row in islice(sheet.iter_rows(), header.first, None) if any(value != "" for value in row))
    while block := list(islice(rows, _BATCH_ROWS)):
        columns = []
        for name in fields.names:
            number = header.columns.get(name)
            texts = [None] * len(block) if number is None else [_text(row[number]) for row in block]
            columns.append(pyarrow.array(texts, pyarrow.string()))
        columns.append(pyarrow.nulls(len(block), pyarrow.string()))
        yield pyarrow.RecordBatch.from_arrays(columns, schema=schema)


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.date | datetime.time | datetime.datetime):
        return value.isoformat()
    return str(value)


def _refuse_vast_sheets(source: Source) -> None:
    """A sheet with one value far out has a rectangle of thousands of millions of cells: refuse before it is built.

    The reader would not fail but end the process. So every part of the archive is looked at, for a sheet may lie
    anywhere, and what could hide a place from this look (another quote, a character reference, UTF-16) is read or refused.
    """
    with zipfile.ZipFile(source.path) as archive:
        for info in archive.infolist():
            columns: set[bytes] = set()
            last_row, rest = 0, b""
            with archive.open(info) as file:
                while chunk := file.read(1024 * 1024):
                    block = rest + chunk
                    if not rest and b"worksheet" in block.replace(b"\0", b"") and re.search(rb"\0|<!DOCTYPE", block):
                        raise DecodeError(
                            "the sheet is no XML of a spreadsheet", where=f"{source.name}, {info.filename}",
                            expected="UTF-8 without a document type",
                        )  # fmt: skip
                    if re.search(rb"""\br\s*=\s*["'][^"'<>]{0,40}&""", block):
                        raise DecodeError("a cell hides its place", where=f"{source.name}, {info.filename}")
                    places = _PLACE.findall(block)
                    columns.update(letters.upper() for letters, _ in places)
                    last_row = max([last_row, *(int(digits) for _, digits in places)])
                    rest = block[-64:]
            last_column = max((_column_number(letters) for letters in columns), default=0)
            if last_row * max(last_column, 1) > MAX_CELLS:
                raise DecodeError(
                    "the sheet spans more cells than is plausible", where=f"{source.name}, {info.filename}",
                    found=f"{last_row} rows and {last_column} columns", expected=f"at most {MAX_CELLS} cells",
                )  # fmt: skip


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
