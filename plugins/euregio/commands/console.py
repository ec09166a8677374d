"""SQL on the shared layer from the terminal: one query, or a prompt; tables, CSV or JSON out."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import shutil
import sys
import textwrap
from typing import Any

import duckdb

from euregio.declarations.views import table_of_view
from euregio.errors import EuregioError, harmless

#: A table of so many rows is shown whole, in its full width.
_MOST_ROWS = 200
#: Files go from the store also where the catalogue was opened for reading only.
_REMOVES = re.compile(
    r"\b(ducklake_)?(cleanup_old_files|delete_orphaned_files)\b|^\s*checkpoint\b", re.IGNORECASE | re.MULTILINE
)
_HELP = "End a statement with ; — .tables lists tables, .columns TABLE its columns with comments, .quit leaves."


def run_query(con: duckdb.DuckDBPyConnection, query: str, form: str = "table", *, write: bool = False) -> None:
    """Run one query (or `.tables`, `.columns TABLE`) and print its result as `table`, `csv` or `json` (a line per row).

    Without `write` DuckLake's functions that remove files are refused: a catalogue opened for reading does not stop them.
    Raises EuregioError.
    """
    if not write and (removes := _REMOVES.search(query)):
        raise EuregioError(
            "this removes files of the layer",
            found=removes[0],
            do="`euregio maintain` does it safely; --write lets it run.",
        )
    if query.strip().startswith("."):
        query, _ = _command(query.strip())
        if not query:
            return
    try:
        result = con.sql(query)
    except duckdb.Error as error:
        raise EuregioError(" ".join(str(error).split())) from error
    if result is None:
        return
    if form == "table":
        _show(result)
        return
    names = result.columns
    if form == "csv":
        import csv

        out = csv.writer(sys.stdout)
        out.writerow(names)
        for row in _rows(result):
            out.writerow(["" if value is None else value for value in row])
        return
    for row in _rows(result):
        print(json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False))


def _show(result: duckdb.DuckDBPyRelation) -> None:
    """The result as a table as wide as its texts; of many rows the first, and how to see the rest. Where a terminal is
    too narrow for the table, its lines would break anywhere: there each row is shown with a line for each column."""
    rows = result.limit(_MOST_ROWS + 1).fetchall()
    if len(rows) > _MOST_ROWS:
        result.show(max_rows=40)
        print(f"More than {_MOST_ROWS} rows, of which some are left out here: LIMIT, or --as csv for all.")
        return
    shown = result.limit(_MOST_ROWS)
    room = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and _width(result.columns, rows) > room:
        print(_by_column(result.columns, rows, room))
    else:
        shown.show(max_rows=_MOST_ROWS, max_width=10_000, max_col_width=200)


def _text(value: Any) -> str:
    return "NULL" if value is None else harmless(str(value))


def _width(names: list[str], rows: list[tuple[Any, ...]]) -> int:
    """Characters that a line of the table takes, borders included."""
    return 1 + sum(3 + max(len(name), *(len(_text(row[n])) for row in rows), 0) for n, name in enumerate(names))


def _by_column(names: list[str], rows: list[tuple[Any, ...]], room: int) -> str:
    """Each row as a block, each column as a line that breaks between words."""
    left = max(map(len, names), default=0) + 2
    blocks = [
        "\n".join(
            textwrap.fill(
                _text(value), max(room, left + 20), initial_indent=name.ljust(left), subsequent_indent=" " * left
            )
            for name, value in zip(names, row, strict=True)
        )
        for row in rows
    ]
    return "\n\n".join(blocks)


def _rows(result: duckdb.DuckDBPyRelation) -> Any:
    while batch := result.fetchmany(10_000):
        yield from batch


def prompt(con: duckdb.DuckDBPyConnection, *, write: bool = False) -> None:
    """Read statements and print their results until the end of input."""
    with contextlib.suppress(ImportError):
        importlib.import_module("readline")  # line editing and history where the platform has it
    print(_HELP)
    statement = ""
    while True:
        try:
            line = input("euregio> " if not statement else "    ...> ")
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if not statement and line.strip().rstrip(";") in ("quit", "exit"):
            return
        if line.strip() in (".quit", ".exit"):  # also in the middle of a statement
            return
        if not statement and line.strip().startswith("."):
            line, stop = _command(line.strip())
            if stop:
                return
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            try:
                run_query(con, statement, write=write)
            except EuregioError as error:
                print(error)
            statement = ""


def _command(line: str) -> tuple[str, bool]:
    word, _, rest = line.partition(" ")
    if word in (".quit", ".exit"):
        return "", True
    if word == ".tables":
        return (
            "SELECT schema_name || '.' || name AS \"table\", comment FROM (SELECT schema_name, table_name AS name, comment FROM duckdb_tables() "
            "WHERE database_name = 'lake' UNION ALL SELECT schema_name, view_name, comment FROM duckdb_views() "
            "WHERE database_name = 'lake' AND NOT internal) WHERE schema_name <> 'main' ORDER BY 1;"
        ), False
    if word == ".columns" and rest:
        place = rest.strip().rstrip(";").strip()
        name, table = (one.rpartition(".")[2].replace("'", "''") for one in (place, table_of_view(place)))
        return (
            "SELECT column_name, data_type, coalesce(own.comment, base.comment) AS comment FROM duckdb_columns() AS own "
            "LEFT JOIN (SELECT schema_name, column_name, comment FROM duckdb_columns() WHERE database_name = 'lake' AND "
            f"table_name = '{table}') AS base USING (schema_name, column_name) "
            f"WHERE database_name = 'lake' AND table_name = '{name}' ORDER BY column_index;",
            False,
        )
    print(_HELP)
    return "", False
