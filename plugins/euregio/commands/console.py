"""SQL on the shared layer from the terminal: one query, or a prompt; tables, CSV or JSON out."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from typing import Any

import duckdb

from euregio.errors import EuregioError

_HELP = "End a statement with ; — .tables lists tables, .columns TABLE its columns with comments, .quit leaves."


def run_query(con: duckdb.DuckDBPyConnection, query: str, form: str = "table") -> None:
    """Run one query and print its result as `table`, `csv` or `json` (a line per row). Raises EuregioError."""
    try:
        result = con.sql(query)
    except duckdb.Error as error:
        raise EuregioError(" ".join(str(error).split())) from error
    if result is None:
        return
    if form == "table":
        print(result)
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


def _rows(result: duckdb.DuckDBPyRelation) -> Any:
    while batch := result.fetchmany(10_000):
        yield from batch


def prompt(con: duckdb.DuckDBPyConnection) -> None:
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
        if not statement and line.strip().startswith("."):
            line, stop = _command(line.strip())
            if stop:
                return
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            try:
                run_query(con, statement)
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
        name = rest.strip().rpartition(".")[2].replace("'", "''")
        return (
            f"SELECT column_name, data_type, comment FROM duckdb_columns() WHERE database_name = 'lake' AND table_name = '{name}';",
            False,
        )
    print(_HELP)
    return "", False
