"""The condition of a policy on rows (`release.rows`): one SQL expression over a row's own columns, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from euregio.declarations.tables import Table
from euregio.errors import ReleaseError
from euregio.storage.duck import identifier, quoted

#: Parts of an expression that ask more than the row: other relations, other rows, values given from outside.
_BEYOND_A_ROW = {"SUBQUERY", "WINDOW", "STAR", "PARAMETER", "DEFAULT", "POSITIONAL_REFERENCE"}
#: Functions that DuckDB takes for pure though they tell of the process that runs them.
_OF_THE_PROCESS = {"current_setting", "getvariable"}


def columns_asked(rows: str, where: str) -> list[str]:
    """The columns in the condition `rows`, sorted. Raises ReleaseError for what is no condition on one row: what ends it
    early, adds clauses, asks other relations, counts rows, or calls what is no pure function of its arguments."""
    names: set[str] = set()
    for text in (f"SELECT 1 FROM t WHERE {rows}", f"SELECT 1 FROM t WHERE (\n{rows}\n)"):
        con = duckdb.connect()
        try:
            found = con.execute(f"SELECT json_serialize_sql({quoted(text)})").fetchone() or ("{}",)
            tree = dict(json.loads(found[0]))
            nodes = list(_nodes(tree.get("statements", [])))
            called = {node["function_name"] for node in nodes if node.get("class") == "FUNCTION"}
            if (
                tree["error"]
                or len(tree["statements"]) != 1
                or any(node.get("class") in _BEYOND_A_ROW for node in nodes)
                or called & _OF_THE_PROCESS
                or called - _pure(con, called)
            ):
                raise _no_condition(rows, where)
        finally:
            con.close()
        names |= {node["column_names"][0] for node in nodes if node.get("class") == "COLUMN_REF"}
    return sorted(names)


def check_types(rows: str, table: Table, where: str) -> None:
    """Raises ReleaseError where DuckDB cannot make a truth of `rows` over the table's columns."""
    columns = ", ".join(f"CAST(NULL AS {column.type}) AS {identifier(column.name)}" for column in table.columns)
    con = duckdb.connect()
    try:
        con.execute(f"SELECT 1 FROM (SELECT {columns}) WHERE coalesce((\n{rows}\n), false)").fetchall()
    except duckdb.Error as error:
        raise _no_condition(rows, where, str(error).splitlines()[0]) from error
    finally:
        con.close()


def _no_condition(rows: str, where: str, why: str | None = None) -> ReleaseError:
    return ReleaseError(
        "this is not a condition on one row", where=where, found=f"{rows!r}{f': {why}' if why else ''}",
        expected="an SQL expression over the row's columns, such as access_type = 'public'",
    )  # fmt: skip


def _pure(con: duckdb.DuckDBPyConnection, called: set[str]) -> set[str]:
    """Those of the functions that give for equal arguments an equal value for each row."""
    listed = ", ".join(quoted(name) for name in sorted(called)) or "NULL"
    rows = con.execute(
        f"SELECT function_name FROM duckdb_functions() WHERE function_name IN ({listed}) GROUP BY ALL "
        "HAVING bool_and(function_type = 'scalar' AND starts_with(stability, 'CONSISTENT'))"
    ).fetchall()
    return {name for (name,) in rows}


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _nodes(item)
