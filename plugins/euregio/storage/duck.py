"""DuckDB connections: bounded in memory, in UTC, with signed extensions from locked packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

from euregio.errors import EuregioError
from euregio.settings import PROJECT, Settings


def connect(settings: Settings, *extensions: str) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with the named extensions loaded.

    It finds files relative to the project's folder, spills to the scratch folder beyond `memory_limit`, loads no
    extension by itself, and holds every instant in UTC.
    """
    settings.scratch.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": str(settings.scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,  # no SQL name may mean a Python variable (and no import of pandas)
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"SET file_search_path = {quoted(str(PROJECT))}")
    for name in extensions:
        load_extension(con, name)
    return con


def load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its Python package; where the platform has none, by DuckDB's own INSTALL (network)."""
    path = packaged_extension(name)
    try:
        if path:
            con.load_extension(str(path))
        else:
            con.install_extension(name)
            con.load_extension(name)
    except duckdb.Error as error:
        raise EuregioError(
            f"the DuckDB extension {name} cannot be loaded",
            found=str(error).splitlines()[0],
            expected=f"the package duckdb-extension-{name.replace('_', '-')} {duckdb.__version__}, or a network for INSTALL",
            do="Run `make setup` again.",
        ) from error


def packaged_extension(name: str) -> Path | None:
    """The extension's file in the installed Python package, or None where there is none for this DuckDB."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension"), None)


def quoted(value: str) -> str:
    """`value` as an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: object) -> str:
    """`value` (None, bool, number, text, or a list of these) as an SQL literal.

    For statements instead of bound parameters: binding one makes DuckDB import pandas, which takes seconds.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return quoted(str(value))


def parquet_rows(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Number of rows of a Parquet file, from its footer."""
    found = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({quoted(str(path))})").fetchone()
    return int(found[0] or 0) if found else 0


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
