"""The three steps of a use case's indicators: compute over the layer, check, publish into the layer and the atlas."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from euregio.check.run import run_check
from euregio.check.suite import load_suite, table_suite
from euregio.declarations.tables import load_table
from euregio.errors import EuregioError
from euregio.indicators import run
from euregio.pipeline import new_run_id, zone_at
from euregio.settings import PROJECT, Settings
from euregio.stages import EXPECTATIONS
from euregio.storage.duck import connect, identifier, quoted
from euregio.storage.layer import open_layer, retried, transaction
from euregio.storage.zones import Zone

#: Where computed values wait until they are checked and published: a zone of no single country.
_COUNTRY = "eu"


def compute(
    use_case: str, period: str, *, run_id: str | None = None, settings: Settings | None = None
) -> dict[str, Any]:
    """Match the points that several publishers describe, and compute the use case's values for `period`.

    Values are of the releases in force. A period older than one that was computed before (a backfill of the past) is
    therefore not given to them: they keep the newest name. The values wait in a zone until they are checked; gives what the next steps need: use case, period, run, and how
    many values there are, published or withheld.
    """
    settings, run_id = settings or Settings(), run_id or new_run_id()
    zone = _zone(use_case, settings)
    with open_layer(settings, read_only=False) as con:
        _match(con, run_id)
        known = con.execute(f"SELECT max(period) FROM indicators.value WHERE use_case = {quoted(use_case)}").fetchone()
        period = max(period, known[0] if known and known[0] else period)
        values = run.compute(con, use_case, period, run_id=run_id)
        names = ", ".join(identifier(column.name) for column in load_table("indicator_value").columns)
        with zone.writing(f"{_file(period)}.parquet") as out:
            con.execute(f"COPY (SELECT {names} FROM {run.COMPUTED}) TO {quoted(str(out))} (FORMAT parquet)")
    withheld = sum(value.status == "withheld" for value in values)
    return {"use_case": use_case, "period": period, "run_id": run_id, "values": len(values), "withheld": withheld}


def check_indicators(use_case: str, summary: dict[str, Any], *, settings: Settings | None = None) -> dict[str, Any]:
    """Check the computed values against the contract and `expectations/indicators/`. Raises BatchRefused."""
    settings = settings or Settings()
    zone = _zone(use_case, settings)
    path = EXPECTATIONS / "indicators" / f"{use_case}.json"
    suite = table_suite(load_table("indicator_value").contract, load_suite(path) if path.is_file() else None)
    source = quoted(str(zone.local(f"{_file(summary['period'])}.parquet")))
    con = connect(settings)
    try:
        with tempfile.TemporaryDirectory(dir=settings.scratch) as folder:
            failures = Path(folder) / "failures.parquet"
            outcome = run_check(
                con,
                f"SELECT {quoted(use_case)} AS _file, row_number() OVER () AS _record, * FROM read_parquet({source})",
                suite,
                failures,
            )
    finally:
        con.close()
    failed = [
        f"{rule.reason} ({rule.failed})" for rule in outcome.rules if rule.severity == "warning" and not rule.success
    ]
    if failed:
        raise EuregioError(
            "computed values break their contract; the published ones stay", where=f"{use_case} {summary['period']}",
            found=", ".join(failed), do="Mend the indicator's SQL.",
        )  # fmt: skip
    return {**summary, "checked": outcome.rows}


def publish(use_case: str, summaries: Sequence[dict[str, Any]], *, settings: Settings | None = None) -> Path:
    """Write the checked values into the layer, each period replaced in one snapshot, and the atlas anew; gives its path."""
    from euregio.publish.atlas.page import write_atlas

    settings = settings or Settings()
    zone = _zone(use_case, settings)
    with open_layer(settings, read_only=False) as con:
        for summary in summaries:
            source = quoted(str(zone.local(f"{_file(summary['period'])}.parquet")))
            retried(partial(_replace, con, use_case, summary, source))
        return write_atlas(con, settings.home / "atlas")


def _replace(con: duckdb.DuckDBPyConnection, use_case: str, summary: dict[str, Any], source: str) -> None:
    names = ", ".join(identifier(column.name) for column in load_table("indicator_value").columns)
    message = f"indicators {use_case} {summary['period']}"
    with transaction(con, f"run {summary['run_id']}", message, {"run_id": summary["run_id"], "use_case": use_case}):
        con.execute(
            f"DELETE FROM indicators.value WHERE use_case = {quoted(use_case)} AND period = {quoted(summary['period'])}"
        )
        con.execute(f"INSERT INTO indicators.value ({names}) SELECT {names} FROM read_parquet({source})")


def _match(con: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Judge anew which points several publishers describe; nothing is written where nothing changed."""
    sql = PROJECT / "include" / "sql"
    con.execute((sql / "prelude.sql").read_text(encoding="utf-8"))
    rule = (sql / "match" / "recharging_point.sql").read_text(encoding="utf-8").strip().rstrip(";")
    con.execute(f"CREATE OR REPLACE TEMP TABLE matched AS {rule}")
    before, after = (
        con.execute(f"SELECT count(*), bit_xor(hash(m)) FROM {place} AS m").fetchone()
        for place in ("quality.recharging_point_match", "matched")
    )
    if before == after:
        return

    def write() -> None:
        with transaction(con, f"run {run_id}", "match recharging points", {"run_id": run_id}):
            con.execute("DELETE FROM quality.recharging_point_match")
            con.execute("INSERT INTO quality.recharging_point_match BY NAME SELECT * FROM matched")

    retried(write)


def _zone(use_case: str, settings: Settings) -> Zone:
    return zone_at(_COUNTRY, f"indicators.{use_case}", settings)


def _file(period: str) -> str:
    return f"values/{period.replace(':', '')}"
