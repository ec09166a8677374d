"""Taking a release back: its rows leave the layer, with a person and a reason, and the same batch does not come again."""

from __future__ import annotations

import duckdb

from euregio.errors import ReleaseError
from euregio.storage.duck import quoted
from euregio.storage.layer import retried, transaction


def retract(con: duckdb.DuckDBPyConnection, dataset_id: str, period: str, *, person: str, reason: str) -> int:
    """Withdraw the dataset's period from the layer (`con` from storage.layer.open_layer, for writing), in one snapshot.

    Gives how many rows of its tables went. What was in force before it is in force again; time travel still finds what
    went. Raises ReleaseError where nothing of the period is released, or no person or reason is given.
    """
    if not person.strip() or not 5 <= len(reason.strip()) <= 500:
        raise ReleaseError("a retraction names a person and a reason of 5 to 500 characters", where=dataset_id)

    if not (person.isprintable() and reason.isprintable()):
        raise ReleaseError("a reason is one line of plain text", where=dataset_id, found=reason)

    def withdraw() -> int:
        with transaction(
            con, f"retraction by {person}", f"retract {dataset_id} {period}", {"dataset": dataset_id, "period": period}
        ):
            noted = con.execute(
                "SELECT batch_id, sum(released_count) FROM catalogue.release "
                f"WHERE dataset = {quoted(dataset_id)} AND period = {quoted(period)} GROUP BY ALL"
            ).fetchall()  # fmt: skip
            if not noted:
                raise ReleaseError("nothing of this period is released", where=dataset_id, found=period)
            clear_period(con, dataset_id, period)
            for batch_id, rows in noted:
                values = ", ".join(map(quoted, (dataset_id, period, batch_id, person, reason)))
                con.execute(f"INSERT INTO catalogue.retraction VALUES ({values}, {int(rows)}, now())")
        return sum(int(rows) for _, rows in noted)

    return retried(withdraw)


def refuse_retracted(con: duckdb.DuckDBPyConnection, dataset_id: str, period: str, batch_id: str) -> None:
    """Raise ReleaseError where this very batch was retracted: a schedule would bring it back the next hour."""
    found = con.execute(
        f"SELECT person, reason FROM catalogue.retraction WHERE dataset = {quoted(dataset_id)} "
        f"AND period = {quoted(period)} AND batch_id = {quoted(batch_id)} ORDER BY retracted_at DESC LIMIT 1"
    ).fetchone()
    if found:
        raise ReleaseError(
            "this batch was retracted", where=f"{dataset_id} {period}", found=f"{found[0]}: {found[1]}",
            expected="other bytes, or other rules", do="Mend what was wrong (rule, correction, publisher), then run again.",
        )  # fmt: skip


def clear_period(con: duckdb.DuckDBPyConnection, dataset_id: str, period: str) -> None:
    """Take away what the period holds; where it was never released there is nothing, and nothing is looked for."""
    noted = con.execute(
        f"SELECT count(*) FROM catalogue.release WHERE dataset = {quoted(dataset_id)} AND period = {quoted(period)}"
    ).fetchone()
    if noted and not noted[0]:
        return
    tables = con.execute(
        "SELECT schema_name || '.' || table_name, list(column_name) FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND schema_name IN ('core', 'quality', 'catalogue') AND table_name IN (SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = 'lake') GROUP BY ALL"
    ).fetchall()
    for place, columns in tables:
        if "_dataset" in columns:
            con.execute(f"DELETE FROM {place} WHERE _dataset = {quoted(dataset_id)} AND _period = {quoted(period)}")
        elif {"dataset", "period", "run_id"} <= set(columns):
            con.execute(f"DELETE FROM {place} WHERE dataset = {quoted(dataset_id)} AND period = {quoted(period)}")
