"""Brings the layer's tables and views up to their contracts: what is new is added, what is said is refreshed.

Rows that lie in the layer are never rewritten: a new column is null in them. A type never changes by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

import duckdb

from euregio import __version__
from euregio.declarations.tables import Table, columns_of, load_tables
from euregio.declarations.views import View, load_views
from euregio.errors import EuregioError
from euregio.storage.duck import identifier, quoted

#: What DuckLake widens without touching a file: each type into those behind it in its row.
_WIDENINGS = (
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    ("FLOAT", "DOUBLE"),
)


def ensure_tables(con: duckdb.DuckDBPyConnection, *, widen: bool = False) -> None:
    """Run what is `due`, all or nothing, in one snapshot. Raises EuregioError as `due` does."""
    statements = due(con, widen=widen)
    if not statements:
        return
    con.execute("BEGIN TRANSACTION")
    try:
        for statement in statements:
            con.execute(statement)
        if _is_ducklake(con):
            con.execute(
                f"CALL lake.set_commit_message('euregio {__version__}', 'bring tables and views up to their contracts')"
            )
        con.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that lost against another first writer has ended it already
            con.execute("ROLLBACK")
        raise


def due(con: duckdb.DuckDBPyConnection, *, widen: bool = False) -> list[str]:
    """The statements that bring the layer (the current database, `lake`) up to its contracts; none where it is.

    Raises EuregioError for a column whose type is another than its contract's, naming the way; with `widen` one that
    becomes wider without a file being touched is put among the statements instead.
    """
    tables, views = list(load_tables().values()), load_views()
    have, told = _columns(con), _comments(con)
    shape: list[str] = []
    words: list[str] = []
    for table in tables:
        lies = have.get(table.place)
        wanted = columns_of(table)
        place = f"{identifier(table.schema)}.{identifier(table.name)}"
        if lies is None:
            listed = ", ".join(f"{identifier(name)} {type_}" for name, (type_, _) in wanted.items())
            shape.append(f"CREATE TABLE {place} ({listed})")
        else:
            added = [name for name in wanted if name not in lies]
            shape += [f"ALTER TABLE {place} ADD COLUMN {identifier(name)} {wanted[name][0]}" for name in added]
        says = f"{table.description} Grain: {table.grain}."
        if told.get(table.place) != says:
            words.append(f"COMMENT ON TABLE {place} IS {quoted(says)}")
        for name, (_, comment) in wanted.items():
            if (lies or {}).get(name, ("", None))[1] != comment:
                words.append(f"COMMENT ON COLUMN {place}.{identifier(name)} IS {quoted(comment)}")
    shape += _widened(con, tables, have, widen)
    schemas = sorted({table.schema for table in tables} | {view.place.partition(".")[0] for view in views})
    if any(statement.startswith("CREATE TABLE") for statement in shape):
        shape = [f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}" for schema in schemas] + shape
    # a view shows its table's columns as they were when it was made
    stale = views if shape else _stale(con, views)
    for view in stale:
        shape.append(view.sql)
        words.append(f"COMMENT ON VIEW {view.place} IS {quoted(view.comment)}")
    return shape + words


def _is_ducklake(con: duckdb.DuckDBPyConnection) -> bool:
    return con.execute("SELECT type FROM duckdb_databases() WHERE database_name = 'lake'").fetchone() == ("ducklake",)


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, tuple[str, str | None]]]:
    """Columns in the layer by table: name to type and comment."""
    have: dict[str, dict[str, tuple[str, str | None]]] = {}
    for place, column, type_, comment in con.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type, comment FROM duckdb_columns() WHERE database_name = 'lake'"
    ).fetchall():
        have.setdefault(place, {})[column] = (type_, comment)
    return have


def _comments(con: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    found = con.execute(
        "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() WHERE database_name = 'lake'"
    ).fetchall()
    return dict(found)


def _widened(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    have: Mapping[str, Mapping[str, tuple[str, str | None]]],
    widen: bool,
) -> list[str]:
    """Statements that widen columns. Raises EuregioError for the first whose type may not change so."""
    types = sorted({type_ for table in tables for type_, _ in columns_of(table).values()})
    asked = ", ".join(f"typeof(CAST(NULL AS {type_}))" for type_ in types)
    names = dict(zip(types, con.execute(f"SELECT {asked}").fetchone() or (), strict=True))
    statements = []
    for table in tables:
        for name, (type_, _) in columns_of(table).items():
            lies = have.get(table.place, {}).get(name)
            if lies is None or lies[0] == names[type_]:
                continue
            column = f"{identifier(table.schema)}.{identifier(table.name)}"
            statement = f"ALTER TABLE {column} ALTER COLUMN {identifier(name)} SET DATA TYPE {type_}"
            wider = any(
                lies[0] in row and names[type_] in row and row.index(lies[0]) < row.index(names[type_])
                for row in _WIDENINGS
            )
            if not (wider and widen):
                raise EuregioError(
                    "a column of the layer has another type than its contract", where=f"{table.place}.{name}", found=lies[0],
                    expected=names[type_],
                    do=f"`euregio upgrade --widen` runs the migration: {statement}."
                    if wider
                    else "No migration keeps its rows as they are: give the column a new name in the contract "
                    "(docs/how-to/upkeep.md, Upgrade).",
                ).told_as("layer_unavailable")  # fmt: skip
            statements.append(statement)
    return statements


def _stale(con: duckdb.DuckDBPyConnection, views: Sequence[View]) -> list[View]:
    """Views that the layer lacks, or that are another SELECT there, or are described otherwise."""
    found = {
        place: (sql.partition(" AS ")[2].rstrip("; \n"), comment)
        for place, sql, comment in con.execute(
            "SELECT schema_name || '.' || view_name, sql, comment FROM duckdb_views() WHERE database_name = 'lake'"
        ).fetchall()
    }
    # the layer keeps a SELECT as DuckDB writes it; written so, ours can be compared with it
    selects = (re.sub(r"(?is)^.*?\bVIEW\s+\S+\s+AS\s+", "", view.sql).strip().rstrip(";") for view in views)
    asked = ", ".join(f"json_deserialize_sql(json_serialize_sql({quoted(select)}))" for select in selects)
    written = con.execute(f"SELECT {asked}").fetchone() or () if views else ()
    return [
        view
        for view, select in zip(views, written, strict=True)
        if found.get(view.place) != (select.rstrip("; \n"), view.comment)
    ]
