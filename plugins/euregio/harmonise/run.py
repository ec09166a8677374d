"""Decoded records to rows of the common model: one statement that gives every row its place, verdict and reasons."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from euregio.declarations.tables import Table
from euregio.errors import DeclarationError, EuregioError
from euregio.harmonise.corrections import mended_sql, outdated
from euregio.harmonise.places import use_grid
from euregio.settings import PROJECT
from euregio.storage.duck import identifier, literal, quoted

SQL = PROJECT / "include" / "sql"
#: Keys that repeat are found in passes over hashes, so that memory is bounded: rows per pass.
_ROWS_PER_PASS = 4_000_000
#: How rows are written: read once and whole, they need no Bloom filter, and no dictionary of names that hardly repeat.
_WRITTEN = (
    "(FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 40960, WRITE_BLOOM_FILTER false, DICTIONARY_SIZE_LIMIT 1000)"
)


@dataclass(frozen=True)
class Task:
    """What is to be harmonised.

    `decoded`: Parquet files of extract; `failures`: the check's Parquet file of failed records, or None; `judge`: from
    the columns of the rows (name to DuckDB type) to an SQL expression of the list of failed reasons of the table's
    suite; `grid`: the regions (harmonise.places), or None; `retrieved_at`: ISO instant of the fetch.
    """

    format: str
    table: Table
    decoded: Sequence[Path]
    failures: Path | None
    judge: Callable[[dict[str, str]], str]
    dataset: str
    country: str | None
    time_zone: str | None
    retrieved_at: str | None
    corrections: Sequence[Any] = ()
    grid: Path | None = None


@dataclass(frozen=True)
class Harmonised:
    """What came of it: `rows` = `admitted` + `corrected` + `quarantined`, and how often each reason was given.

    `outdated_corrections`: ids of corrections whose mistake is gone; `rules`: outcomes of rules that gave no verdict.
    """

    table: str
    rows: int
    admitted: int
    corrected: int
    quarantined: int
    reasons: dict[str, int] = field(default_factory=dict)
    outdated_corrections: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def sql_file(format_name: str, table: str) -> Path:
    """The harmonising SQL of a format for a table. Raises DeclarationError where there is none."""
    path = SQL / "harmonise" / table / f"{format_name}.sql"
    if not path.is_file():
        raise DeclarationError(f"the format {format_name} gives no {table}", expected=str(path.relative_to(PROJECT)))
    return path


def tables_of(format_name: str) -> list[str]:
    """The tables that a format gives: those that have a harmonising SQL of its name."""
    return sorted(path.parent.name for path in SQL.glob(f"harmonise/*/{format_name}.sql"))


def harmonise(con: duckdb.DuckDBPyConnection, task: Task, out: Path) -> Harmonised:
    """Write the rows of `task` with their verdicts to the Parquet file `out`; it appears whole or not at all.

    Needs the spatial extension on `con`. Raises DeclarationError where the SQL does not give the table's columns,
    EuregioError where rows do not add up.
    """
    con.execute(
        "SET preserve_insertion_order = false"
    )  # rows carry their place; kept in order they would be written by one thread
    prepare(con, task)
    con.execute(f"CREATE OR REPLACE TEMP VIEW judged AS {_judged_sql(con, task)}")
    given, repeated = _duplicates(con, task.table)
    _see(con, task.decoded, without="repeated_record" if repeated else None)
    part = out.with_name(f".{out.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        con.execute(
            f"COPY ({_verdict_sql('judged')}{' UNION ALL FROM judged_again' if repeated else ''}) TO {quoted(str(part))} {_WRITTEN}"
        )
        _see(con, task.decoded)
        found = _count(con, task, part, given)
        os.replace(part, out)
    finally:
        con.execute("RESET preserve_insertion_order")  # decoding on this connection numbers records by their order
        part.unlink(missing_ok=True)
    return found


def prepare(con: duckdb.DuckDBPyConnection, task: Task) -> None:
    """Make the prelude, the dataset's variables and the views `decoded` and `harmonised` known to the connection."""
    con.execute((SQL / "prelude.sql").read_text(encoding="utf-8"))
    for name, value in (("dataset", task.dataset), ("dataset_country", task.country), ("dataset_zone", task.time_zone)):
        con.execute(f"SET VARIABLE {name} = CAST({literal(value)} AS VARCHAR)")
    con.execute(f"SET VARIABLE retrieved_at = CAST({literal(task.retrieved_at)} AS TIMESTAMPTZ)")
    _see(con, task.decoded)
    path = sql_file(task.format, task.table.name)
    try:
        con.execute(f"CREATE OR REPLACE TEMP VIEW harmonised AS {_statement(path)}")
    except duckdb.Error as error:
        raise DeclarationError("the SQL does not fit the decoded columns", where=path.name, found=str(error)) from error


def _see(con: duckdb.DuckDBPyConnection, decoded: Sequence[Path], without: str | None = None) -> None:
    """Let the view `decoded` show the decoded files, each record with its number; not the records of table `without`."""
    files = ", ".join(quoted(str(path)) for path in decoded)
    records = (
        "SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _record "
        f"FROM read_parquet([{files}], file_row_number = true, union_by_name = true)"
    )
    if without:
        records = f"SELECT * FROM ({records}) AS all_records ANTI JOIN {without} AS left_out ON left_out.file = hash(all_records._file) AND left_out._record = all_records._record"
    con.execute(f"CREATE OR REPLACE TEMP VIEW decoded AS {records}")


def _statement(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip().rstrip(";")


def _judged_sql(con: duckdb.DuckDBPyConnection, task: Task) -> str:
    """Rows with `_reasons`: what the SQL found, what the format's suite found, what the table's suite finds."""
    columns = _columns(con, "harmonised")
    placed = task.table.has("nuts3_code", "place_method", "latitude_deg")
    missing = [
        c.name
        for c in task.table.columns
        if c.name not in columns and not (placed and c.name in ("nuts3_code", "place_method"))
    ]
    if missing:
        raise DeclarationError(
            "the SQL does not give all columns of the table", where=f"{task.table.name}/{task.format}.sql",
            found=", ".join(columns), expected=", ".join(missing),
        )  # fmt: skip
    con.execute(f"CREATE OR REPLACE TEMP VIEW mended AS {mended_sql(task.corrections, list(columns))}")
    source = "mended"
    if placed:
        use_grid(con, task.grid)
        con.execute(f"CREATE OR REPLACE TEMP VIEW placed AS {_statement(SQL / 'frame' / 'placed.sql')}")
        source = "placed"
    types = {name: type_ for name, type_ in _columns(con, source).items() if task.table.has(name)}
    reasons, join = ["_failed", "_problems"], ""
    if task.failures is not None:
        reasons.append("failed._reasons")
        join = f"LEFT JOIN read_parquet({quoted(str(task.failures))}) AS failed USING (_file, _record)"
    # most rows have nothing to join and sort: spare them the work
    how_many = " + ".join(f"coalesce(len({found}), 0)" for found in reasons)
    return f"""
        SELECT found.* EXCLUDE (_failed),
               CASE WHEN {how_many} = 0 THEN CAST([] AS VARCHAR[]) ELSE list_sort(list_distinct(list_concat({", ".join(reasons)}))) END AS _reasons
        FROM (SELECT *, {task.judge(types)} AS _failed FROM {source}) AS found {join}"""


def _duplicates(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[int, bool]:
    """How many rows the SQL gives, and whether a key repeats among them.

    Judges the records that hold a repeated key apart, in the tables `repeated_record` and `judged_again` (rows with
    their verdicts), so that all others are read once and joined with nothing. Of rows with one key that are sound
    otherwise, the one with the latest update stays, of equals the first. Leaves the view `decoded` on the records that
    repeat.
    """
    if not table.key:
        return _number(con, "harmonised"), False
    key = "hash(" + ", ".join(identifier(name) for name in table.key) + ")"
    # the key is worked out once; of its record a number of the file and its own are kept, not the file's long name
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE key_of_record AS SELECT {key} AS key, hash(_file) AS file, _record FROM harmonised"
    )
    rows = _number(con, "key_of_record")
    passes = rows // _ROWS_PER_PASS + 1
    con.execute("CREATE OR REPLACE TEMP TABLE repeated_key (key UBIGINT)")
    for number in range(passes):
        con.execute(
            f"INSERT INTO repeated_key SELECT key FROM key_of_record WHERE key % {passes} = {number} GROUP BY ALL HAVING count(*) > 1"
        )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE repeated_record AS SELECT DISTINCT file, _record FROM key_of_record WHERE key IN (FROM repeated_key)"
    )
    con.execute("DROP TABLE key_of_record")
    if not _number(con, "repeated_key"):
        return rows, False
    con.execute(
        "CREATE OR REPLACE TEMP TABLE decoded_again AS SELECT * FROM decoded SEMI JOIN repeated_record AS again ON again.file = hash(decoded._file) AND again._record = decoded._record"
    )
    con.execute("CREATE OR REPLACE TEMP VIEW decoded AS SELECT * FROM decoded_again")
    names = ", ".join(identifier(name) for name in table.key)
    order, older = "_file, _record, _point", "false"
    if table.has("updated_at"):
        order, older = f"updated_at DESC NULLS LAST, {order}", "updated_at < first_value(updated_at) OVER same_key"
    rest = ", ".join(identifier(c.name) for c in table.columns)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE judged_again AS
        WITH sound AS (
            SELECT _file, _record, _point, row_number() OVER same_key AS place, {older} AS is_older,
                   hash({rest}) = first_value(hash({rest})) OVER same_key AS is_same
            FROM judged WHERE {key} IN (FROM repeated_key) AND len(_reasons) = 0
            WINDOW same_key AS (PARTITION BY {names} ORDER BY {order})
        ),
        loser AS (
            SELECT _file, _record, _point, 'removed_because_' || CASE WHEN is_same THEN 'repeated' WHEN is_older THEN 'older' ELSE 'later' END AS reason
            FROM sound WHERE place > 1
        ),
        told AS (
            SELECT judged.* REPLACE (CASE WHEN loser.reason IS NULL THEN _reasons ELSE [loser.reason] END AS _reasons)
            FROM judged LEFT JOIN loser USING (_file, _record, _point)
        )
        {_verdict_sql("told")}""")
    return rows, True


def _number(con: duckdb.DuckDBPyConnection, source: str) -> int:
    return int((con.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,))[0])


def _verdict_sql(judged: str) -> str:
    return f"""
        SELECT * EXCLUDE (_problems, _fixes, _reasons), _fixes AS _corrections, _reasons,
               CASE WHEN len(_reasons) > 0 THEN 'quarantined' WHEN len(_fixes) > 0 THEN 'corrected' ELSE 'admitted' END AS _verdict
        FROM {judged}"""


def _count(con: duckdb.DuckDBPyConnection, task: Task, rows: Path, given: int) -> Harmonised:
    """Count verdicts and reasons in the written file, and hold them against `given`, the rows that the SQL gave."""
    source = f"read_parquet({quoted(str(rows))})"
    verdicts = dict(con.execute(f"SELECT _verdict, count(*) FROM {source} GROUP BY ALL").fetchall())
    reasons = dict(
        con.execute(
            f"SELECT reason, count(*) FROM (SELECT unnest(_reasons) AS reason FROM {source}) GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    )
    if given != sum(verdicts.values()):
        raise EuregioError(
            "rows in and verdicts do not add up: a join of the frame multiplied or lost rows", where=task.dataset,
            found=f"{sum(verdicts.values())} verdicts", expected=f"{given} rows",
        )  # fmt: skip
    admitted, corrected, quarantined = (
        verdicts.get(verdict, 0) for verdict in ("admitted", "corrected", "quarantined")
    )
    return Harmonised(
        task.table.name, given, admitted, corrected, quarantined, reasons, outdated(con, task.corrections)
    )


def _columns(con: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    """Columns of a view with their types, from the catalogue: DESCRIBE would bind all that lies below it anew."""
    found = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'temp' AND schema_name = 'main' "
        f"AND table_name = {quoted(view)} ORDER BY column_index"
    ).fetchall()
    return {name: str(type_) for name, type_ in found}
