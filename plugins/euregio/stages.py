"""The inner stages that a pipeline run and a trial share: the suites of a format and a table, and the regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from euregio.check.compile import compile_suite, reasons_expression
from euregio.check.outcome import Outcome
from euregio.check.run import run_check
from euregio.check.suite import Suite, load_suite, table_suite
from euregio.declarations.corrections import Correction
from euregio.declarations.tables import Table, load_table
from euregio.errors import DeclarationError, EuregioError
from euregio.harmonise.places import build_grid
from euregio.harmonise.run import Harmonised, Task, harmonise
from euregio.settings import PROJECT, Settings
from euregio.storage.duck import parquet_rows, quoted
from euregio.storage.layer import open_layer

EXPECTATIONS = PROJECT / "expectations"


def check_records(con: duckdb.DuckDBPyConnection, format_name: str, decoded: Sequence[Path], failures: Path) -> Outcome:
    """Run the format's suite over decoded records; failing records go to `failures`. Raises BatchRefused."""
    path = EXPECTATIONS / "formats" / f"{format_name}.json"
    suite = load_suite(path) if path.is_file() else Suite(format_name, ())
    files = ", ".join(quoted(str(file)) for file in decoded)
    records = (
        "SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _record "
        f"FROM read_parquet([{files}], file_row_number = true, union_by_name = true)"
    )
    return run_check(con, records, suite, failures)


def suite_of(table: Table) -> Suite:
    """The table's suite: the base from its contract, and `expectations/tables/<table>.json` where there is one."""
    path = EXPECTATIONS / "tables" / f"{table.name}.json"
    return table_suite(table.contract, load_suite(path) if path.is_file() else None)


def judge_of(table: Table) -> Callable[[dict[str, str]], str]:
    """How rows of a table are judged: from their columns to the SQL list of failed warning rules."""

    def judge(columns: dict[str, str]) -> str:
        compiled = compile_suite(suite_of(table), columns)
        where = f"expectations/tables/{table.name}.json"
        for rule, message in compiled.errors:
            raise DeclarationError(message, where=f"{where}, rule {rule.reason}", expected=", ".join(columns))
        beyond_a_row = [
            *compiled.unknown,
            *(unique.rule for unique in compiled.unique_rules),
            *(rule for rule, _ in compiled.measures),
        ]
        left = sorted(rule.reason for rule in beyond_a_row if rule.severity == "warning")
        if left:
            raise DeclarationError(
                "a warning rule of a table must be one that a single row decides in SQL, since it gives rows their verdict",
                where=where, found=", ".join(left), do="Make it info or critical, or write it otherwise.",
            )  # fmt: skip
        return reasons_expression(compiled)

    return judge


def harmonise_table(
    con: duckdb.DuckDBPyConnection, format_name: str, table_name: str, decoded: Sequence[Path], failures: Path, out: Path,
    *, dataset: str, country: str | None, time_zone: str | None, retrieved_at: str | None, grid: Path | None,
    corrections: Sequence[Correction] = (),
) -> Harmonised:  # fmt: skip
    """Harmonise decoded records into the rows of one table with their verdicts, written to `out`.

    The table's critical and info rules then run over the rows that are admitted or corrected: a critical one that
    fails raises BatchRefused, the outcome of all is in the result's `rules`.
    """
    table = load_table(table_name)
    task = Task(
        format=format_name, table=table, decoded=decoded, failures=failures if parquet_rows(con, failures) else None,
        judge=judge_of(table), dataset=dataset, country=country, time_zone=time_zone, retrieved_at=retrieved_at,
        corrections=corrections, grid=grid,
    )  # fmt: skip
    found = harmonise(con, task, out)
    rest = Suite(table_name, tuple(rule for rule in suite_of(table).rules if rule.severity != "warning"))
    if not rest.rules:
        return found
    rows = f"SELECT * FROM read_parquet({quoted(str(out))}) WHERE _verdict <> 'quarantined'"
    aside = out.with_name(f"{out.stem}-aside.parquet")
    try:
        outcome = run_check(con, rows, rest, aside)
    finally:
        aside.unlink(missing_ok=True)
    return replace(found, rules=[vars(rule) for rule in outcome.rules])


def region_grid(settings: Settings) -> Path | None:
    """The grid of the regions in the layer (made once per set of regions), or None while there are none."""
    try:
        with open_layer(settings) as con:
            regions = "SELECT nuts_code, nuts_level, country_code, geometry FROM lake.core.current_nuts_region"
            found = con.execute(f"SELECT count(*) FROM ({regions}) WHERE nuts_level = 3").fetchone()
            return build_grid(con, regions, settings.home / "places") if found and found[0] else None
    except EuregioError as error:
        if error.what == "there is no layer yet":
            return None
        raise
