"""CSV read row by row, for files with rows of a wrong shape: such rows stay in the table and say what is wrong.

DuckDB reads a sound file twenty times faster, but can only drop or refuse a bad row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from euregio.errors import DecodeError
from euregio.extract.decode.csv_text import MAX_LINE, CsvText
from euregio.extract.decode.headers import ROW_ERROR, Fields

if TYPE_CHECKING:
    import duckdb
    import pyarrow

    from euregio.extract.decode.plain import Source

#: A quoted cell may run over this many lines; beyond, its quote was never closed.
MAX_LINES_OF_A_ROW = 1000
#: More rows of a wrong shape than this share, and the file is something else.
MAX_BAD_SHARE = 0.5
_BATCH_ROWS = 10_000
csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))


def read_patiently(
    source: Source, text: CsvText, fields: Fields, con: duckdb.DuckDBPyConnection
) -> duckdb.DuckDBPyRelation:
    """The table as `csv_text.read_strictly` gives it, with `row_error` filled for rows of a wrong shape.

    Raises DecodeError while it is read: the file is cut off in its last row, or most rows have a wrong shape.
    """
    import pyarrow

    names = [*fields.names, ROW_ERROR]
    schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
    return source.stream(con, schema, _batches(source, text, fields, schema))


def _batches(source: Source, text: CsvText, fields: Fields, schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
    columns = [text.header.columns.get(name) for name in fields.names]
    rows: list[list[str | None]] = []
    total = bad = 0
    for cells, error in csv_rows(text, source.name):
        total += 1
        bad += error is not None
        rows.append([cells[c] or None if c is not None and c < len(cells) else None for c in columns] + [error])
        if len(rows) == _BATCH_ROWS:
            yield _batch(rows, schema)
            rows = []
    if bad > MAX_BAD_SHARE * total:
        raise DecodeError(
            "most rows have another number of cells than the header", where=source.name, found=f"{bad} of {total} rows",
            expected=f"{text.header.width} cells in a row, delimiter {text.header.delimiter!r}",
        )  # fmt: skip
    if rows:
        yield _batch(rows, schema)


def _batch(rows: list[list[str | None]], schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    import pyarrow

    arrays = [pyarrow.array(column, pyarrow.string()) for column in zip(*rows, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def csv_rows(text: CsvText, name: str) -> Iterator[tuple[list[str], str | None]]:
    """Each row's cells, and what is wrong with its shape (null where nothing). Rows of empty cells are no rows.

    A quote that is never closed swallows the rows after it. So a row of a wrong shape that runs over several lines is
    taken back to its first line, and reading goes on at the second. Raises DecodeError where the file ends in the
    middle of a row.
    """
    width, delimiter = text.header.width, text.header.delimiter
    with text.path.open(encoding="utf-8-sig", newline="") as file:
        lines = _Lines(file, name)
        for _ in range(text.header.first):
            lines.next()
        while line := lines.next():
            if not line.strip("\r\n"):
                continue
            row, quotes, size = [line], line.count('"'), len(line)
            while quotes % 2 and len(row) < MAX_LINES_OF_A_ROW and size < MAX_LINE and (more := lines.next()):
                row.append(more)
                quotes += more.count('"')
                size += len(more)
            cells, error = _parsed(row, width, delimiter)
            if error and len(row) > 1:
                lines.back(row[1:])
                cells, error = _parsed(row[:1], width, delimiter)
            if error and not line.endswith(("\n", "\r")):
                raise DecodeError("the file is cut off in its last row", where=name, found=error, do="Fetch it again.")
            if any(cells):
                yield cells, error


def _parsed(row: list[str], width: int, delimiter: str) -> tuple[list[str], str | None]:
    reader = csv.reader(row, delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        lenient = csv.reader([part.replace('"', "") for part in row[:1]], delimiter=delimiter)
        return next(lenient, []), "a quote is not closed, or stands inside a cell"
    while len(cells) > width and not cells[-1]:  # delimiters at the end of the line
        cells.pop()
    if len(cells) != width or reader.line_num != len(row):
        return cells, f"{len(cells)} cells instead of {width}"
    return cells, None


class _Lines:
    """Lines of a file, some of which may be put back. An empty line means the end."""

    def __init__(self, file: IO[str], name: str) -> None:
        self._file, self._name, self._back = file, name, list[str]()

    def next(self) -> str:
        if self._back:
            return self._back.pop()
        line = self._file.readline(MAX_LINE)
        if len(line) >= MAX_LINE and not line.endswith("\n"):
            raise DecodeError("a line is too long for CSV", where=self._name, expected=f"at most {MAX_LINE} characters")
        return line

    def back(self, lines: list[str]) -> None:
        self._back.extend(reversed(lines))
