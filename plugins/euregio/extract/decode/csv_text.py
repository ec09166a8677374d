"""CSV as publishers write it: encoding, delimiter and preamble found out, then read by DuckDB, strictly.

A file that DuckDB's strict reader refuses is read a second time, slowly, by `csv_rows`: rows of a wrong shape then stay
in the table, marked in `row_error`.
"""

from __future__ import annotations

import codecs
import csv
import mmap
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from euregio.errors import DecodeError
from euregio.extract.decode.headers import ROW_ERROR, Fields, Header, best_header

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

DELIMITERS = ";,\t|"
#: The header is among the first lines; the longest preamble known has ten.
PREAMBLE_LINES = 60
_PREAMBLE_CHARACTERS = 1024 * 1024
#: The widest register known has 158 columns.
MAX_WIDTH = 2000
#: A longer line is no CSV of people's making, bytes (DuckDB's own limit).
MAX_LINE = 2 * 1024 * 1024
_CHUNK = 4 * 1024 * 1024
#: Python's error handler that takes bytes that are no UTF-8 as Windows-1252.
WESTERN = "euregio-western"
#: What DuckDB reads at a time, bytes: with its own (16 lines of the greatest length) two threads take 200 MB more.
_BUFFER = 4 * MAX_LINE


@dataclass(frozen=True)
class CsvText:
    """A CSV file in UTF-8 and its `header`."""

    path: Path
    header: Header


def open_csv(source: Source, fields: Fields) -> CsvText:
    """Find encoding, delimiter and header.

    Raises DecodeError for binary content, or where no header fits. A copy in UTF-8 is made in `source.scratch` where
    the file is not UTF-8 with `\\n` or `\\r\\n` line ends. Bytes that are no UTF-8 are taken as Windows-1252, one by
    one, so that Latin-1 files and concatenations of both come out readable.
    """
    path = _as_utf8(source)
    _refuse_endless_lines(path, source.name)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        head = file.read(_PREAMBLE_CHARACTERS)
    lines = [f"{line}\n" for line in head.split("\n")[:PREAMBLE_LINES]]
    candidates = []
    for delimiter in DELIMITERS:
        for number in range(len(lines)):
            reader = csv.reader(lines[number:], delimiter=delimiter)
            try:
                cells = next(reader)
            except (csv.Error, StopIteration):
                continue
            if len(cells) > MAX_WIDTH:
                continue
            first = number + reader.line_num
            candidates.append(Header(fields.found_in(cells), len(cells), tuple(cells), first, delimiter))
    header = best_header(candidates, fields, where=source.name)
    return _without_preamble(source, CsvText(path, header))


def _refuse_endless_lines(path: Path, name: str) -> None:
    """A line that fills DuckDB's whole buffer is left out by it without a word, where it is the file's last: refuse it.

    Three blocks without a line end are such a line. Of the others only the beginning is looked at.
    """
    block = MAX_LINE // 2
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        empty = 0
        for start in range(0, len(data) - block, block):
            empty = empty + 1 if data.find(b"\n", start, start + block) < 0 else 0
            if empty == 3:
                raise DecodeError("a line is too long for CSV", where=name, expected=f"at most {MAX_LINE} characters")


def _without_preamble(source: Source, text: CsvText) -> CsvText:
    """The text, or a copy of what comes after its header where that is not simply the first line: DuckDB would skip rows
    by its own idea of quotes and line ends, and with a line break in the preamble or header swallow records."""
    out = source.scratch / "body.csv"
    with text.path.open("rb") as file:
        lines = [file.readline(_PREAMBLE_CHARACTERS * 4) for _ in range(text.header.first)]
        after = file.readline(MAX_LINE)
        if len(lines) == 1 and lines[0].endswith(b"\r\n") == after.endswith(b"\r\n"):
            return text
        with out.open("wb") as body:
            body.write(after)
            shutil.copyfileobj(file, body, _CHUNK)
    return CsvText(out, replace(text.header, first=0))


def read_strictly(text: CsvText, fields: Fields, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The table as a relation: the format's fields as text, null where the layout has none, and `row_error` (null).

    DuckDB raises while the relation is read where a row has another number of cells than the header, or a quote is
    never closed: then `csv_rows` is the way.
    """
    header = text.header
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(header.width))
    picked = ", ".join(
        f'c{header.columns[name]} AS "{name}"' if name in header.columns else f'NULL::VARCHAR AS "{name}"'
        for name in fields.names
    )
    path = str(text.path).replace("'", "''")  # a file that is there is meant by its name, signs of patterns or not
    return con.sql(
        f"SELECT {picked}, NULL::VARCHAR AS {ROW_ERROR} FROM read_csv('{path}', auto_detect = false, header = false,"
        f" skip = {header.first}, delim = '{header.delimiter}', quote = '\"', escape = '\"', nullstr = '',"
        f" columns = {{{columns}}}, strict_mode = true, max_line_size = {MAX_LINE}, buffer_size = {_BUFFER})"
        # a row of nothing but delimiters is a blank row of a spreadsheet, no record
        f" WHERE coalesce({', '.join(f'c{number}' for number in range(header.width))}) IS NOT NULL"
    )


def _as_utf8(source: Source) -> Path:
    """The file itself where it is UTF-8 (with or without BOM), else a copy that is."""
    head = source.head()
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _copy(source, "utf-16", "strict")
    only_cr = b"\r" in head and b"\n" not in head
    valid = _is_utf8(source)
    if valid and not only_cr:
        return source.path
    return _copy(source, "utf-8", WESTERN)


def _is_utf8(source: Source) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk:
                raise DecodeError(
                    "this is no text: it holds zero bytes", where=source.name, found=f"{chunk[:16]!r} …",
                    expected="CSV in UTF-8, UTF-16 with BOM or Windows-1252",
                )  # fmt: skip
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return False
    return not decoder.getstate()[0]


def _copy(source: Source, encoding: str, errors: str) -> Path:
    out = source.scratch / "plain-utf8.csv"
    try:
        # newline=None makes \n of every line end, \r alone included
        with (
            source.path.open(encoding=encoding, errors=errors) as file,
            out.open("w", encoding="utf-8", newline="") as copy,
        ):
            while chunk := file.read(_CHUNK):
                copy.write(chunk)
    except UnicodeError as error:
        raise DecodeError(f"the text is not {encoding}", where=source.name, found=str(error)) from error
    return out


def _western(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8, taken as Windows-1252 (Latin-1 where that has no character)."""
    assert isinstance(error, UnicodeDecodeError)
    raw = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw), error.end


codecs.register_error(WESTERN, _western)
